//! One way to use the deployer, disturbed at each of its requests in turn, and looked at afterwards.

mod verdict;

use std::process::{Child, Output};
use std::sync::Mutex;
use std::thread;

use kube::Client;
use skyward_deployer::api::{ApiServer, ContextRef};

use super::block_on;
use super::census::{self, Item};
use super::control_plane::{CONTEXT, ControlPlane};
use super::deployer::{Deployer, said};
use super::foreign;
use super::proxy::{Fault, Proxy, Seen};

/// How many runs go on at one time. Most of the time each waits.
const LANES: usize = 12;

/// A command, what comes before it and what it leads to.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    pub name: &'static str,
    /// Commands that make what the command finds. An environment of the configuration may stand before them: `scaled: apply`.
    pub before: &'static [&'static str],
    pub command: &'static str,
    /// The exit code.
    pub code: i32,
    /// The image that serves in the end.
    pub serves: Option<&'static str>,
    /// Whether others have made the namespace.
    pub others_namespace: bool,
    /// Whether others have objects in the namespace.
    pub others_objects: bool,
}

/// What is done to each request of a scenario.
#[derive(Debug, Clone, Copy)]
pub struct Disturbance {
    pub name: &'static str,
    pub fault: Fault,
    /// The requests that it is done to.
    pub to: fn(&Seen) -> bool,
    /// Whether the command is run again without faults; else it must get to its end all the same.
    pub again: bool,
}

/// One run that was disturbed, and what must be as it was.
struct Run {
    scenario: Scenario,
    namespace: String,
    planted: Vec<Item>,
}

/// The requests of one scenario under one disturbance: taken one after the other, until a run ends undisturbed.
struct Series {
    scenario: Scenario,
    disturbance: Disturbance,
    next: usize,
    disturbed: usize,
    over: bool,
}

struct Sweep<'a> {
    control_plane: &'a ControlPlane,
    client: Client,
    series: Mutex<Vec<Series>>,
    runs: Mutex<Vec<Run>>,
    failures: Mutex<Vec<String>>,
}

/// Disturbs every request of every scenario in every way, each in a namespace of its own, and prints the counts.
pub fn sweep(control_plane: &ControlPlane, scenarios: &[Scenario], disturbances: &[Disturbance]) {
    let pairs =
        scenarios.iter().flat_map(|scenario| disturbances.iter().map(move |it| (*scenario, *it)));
    let series = pairs.map(|(scenario, disturbance)| Series {
        scenario,
        disturbance,
        next: 1,
        disturbed: 0,
        over: false,
    });
    let sweep = Sweep {
        control_plane,
        client: block_on(control_plane.client()),
        series: Mutex::new(series.collect()),
        runs: Mutex::default(),
        failures: Mutex::default(),
    };
    let neighbour = sweep.neighbour();
    for scenario in scenarios {
        sweep.reference(*scenario);
    }
    thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| sweep.lane());
        }
    });
    for series in sweep.series.lock().unwrap().iter() {
        let Series { scenario, disturbance, disturbed, .. } = series;
        println!("{:<16}{:<16}{disturbed:>4} requests disturbed", scenario.name, disturbance.name);
    }
    sweep.judge(&neighbour);
}

impl Sweep<'_> {
    /// A release of the same name in another namespace, and what is in that namespace.
    fn neighbour(&self) -> Vec<Item> {
        Deployer::new(&self.control_plane.kubeconfig(), "neighbour")
            .succeed("apply --image acme/web:1");
        block_on(async {
            foreign::plant(&self.client, "neighbour").await;
            census::settled(&self.client, "neighbour").await
        })
    }

    /// A scenario without any fault, in a namespace of its name.
    fn reference(&self, scenario: Scenario) {
        let proxy = Proxy::start(self.control_plane);
        let namespace = scenario.name.to_owned();
        let commands = Commands::new(&proxy, &namespace);
        let planted = self.prepare(&proxy, &commands, scenario);
        let output = commands.run(scenario.command);
        assert_eq!(output.status.code(), Some(scenario.code), "{namespace}: {}", said(&output));
        self.runs.lock().unwrap().push(Run { scenario, namespace, planted });
    }

    /// Takes one request after the other, wherever there is one left.
    fn lane(&self) {
        let proxy = Proxy::start(self.control_plane);
        while let Some((index, scenario, disturbance, number)) = self.take() {
            let namespace = format!("{}-{}-{number}", scenario.name, disturbance.name);
            let commands = Commands::new(&proxy, &namespace);
            let planted = self.prepare(&proxy, &commands, scenario);
            proxy.at(number, disturbance.to, disturbance.fault);
            let child = commands.start(scenario.command);
            proxy.victim(child.id());
            let mut output = child.wait_with_output().expect("an end");
            let struck = proxy.struck().pop();
            {
                let mut all = self.series.lock().unwrap();
                all[index].disturbed += usize::from(struck.is_some());
                all[index].over |= struck.is_none();
            }
            if disturbance.again && struck.is_some() {
                proxy.clear();
                output = commands.run(scenario.command);
            }
            if output.status.code() != Some(scenario.code) {
                let at =
                    struck.map(|seen| format!("{} {}", seen.method, seen.path)).unwrap_or_default();
                let failure = format!("{namespace} ({at}): {}", said(&output));
                println!("{failure}");
                self.failures.lock().unwrap().push(failure);
            }
            self.runs.lock().unwrap().push(Run { scenario, namespace, planted });
        }
    }

    /// Looks at what is there in the end.
    fn judge(self, neighbour: &[Item]) {
        let census = block_on(census::take(&self.client));
        let mut failures = self.failures.into_inner().unwrap();
        let runs = self.runs.into_inner().unwrap();
        let kubeconfig = Some(self.control_plane.kubeconfig());
        let target = ContextRef { kubeconfig, context: Some(CONTEXT.to_owned()) };
        let api = block_on(ApiServer::connect(&target)).expect("the cluster");
        for run in &runs {
            let found = block_on(verdict::of(&api, run, &census));
            failures
                .extend(found.into_iter().map(|failure| format!("{}: {failure}", run.namespace)));
        }
        failures.extend(foreign::touched(neighbour, &census, "neighbour"));
        println!("{} runs, {} things not as they should be", runs.len(), failures.len());
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    fn take(&self) -> Option<(usize, Scenario, Disturbance, usize)> {
        let mut all = self.series.lock().unwrap();
        let (index, series) =
            all.iter_mut().enumerate().filter(|(_, it)| !it.over).min_by_key(|(_, it)| it.next)?;
        let number = series.next;
        series.next += 1;
        Some((index, series.scenario, series.disturbance, number))
    }

    /// Makes what the command finds. Returns the objects of others.
    fn prepare(&self, proxy: &Proxy, commands: &Commands, scenario: Scenario) -> Vec<Item> {
        proxy.clear();
        let namespace = commands.plain.namespace();
        if scenario.others_namespace {
            block_on(self.control_plane.named_namespace(namespace));
        }
        for command in scenario.before {
            let output = commands.run(command);
            assert!(output.status.success(), "{namespace}: {command}: {}", said(&output));
        }
        if scenario.others_objects {
            block_on(foreign::plant(&self.client, namespace))
        } else {
            Vec::new()
        }
    }
}

/// The release of a run, with and without the environment that a command may begin with.
struct Commands {
    plain: Deployer,
    scaled: Deployer,
}

impl Commands {
    fn new(proxy: &Proxy, namespace: &str) -> Self {
        let [plain, scaled] = [(); 2].map(|()| Deployer::new(&proxy.kubeconfig(), namespace));
        Self { plain, scaled: scaled.environment("scaled") }
    }

    fn start(&self, command: &str) -> Child {
        match command.strip_prefix("scaled: ") {
            Some(command) => self.scaled.start(command),
            None => self.plain.start(command),
        }
    }

    fn run(&self, command: &str) -> Output {
        self.start(command).wait_with_output().expect("an end")
    }
}
