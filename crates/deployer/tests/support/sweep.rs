//! One way to use the deployer, disturbed at each of its requests in turn, and looked at afterwards.

mod verdict;

use std::collections::BTreeMap;
use std::process::{Child, Output};
use std::sync::Mutex;
use std::thread;

use super::block_on;
use super::census::{self, Item};
use super::control_plane::ControlPlane;
use super::deployer::{Deployer, said};
use super::foreign;
use super::proxy::{Fault, Proxy};

/// How many runs go on at one time. Most of the time each waits.
const LANES: usize = 10;

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
        series: Mutex::new(series.collect()),
        runs: Mutex::default(),
        failures: Mutex::default(),
    };
    let neighbour = sweep.neighbour();
    let references: BTreeMap<_, _> =
        scenarios.iter().map(|scenario| (scenario.name, sweep.reference(*scenario))).collect();
    thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| sweep.lane());
        }
    });
    let census = block_on(async { census::take(&control_plane.client().await).await });
    let mut failures = sweep.failures.into_inner().unwrap();
    let runs = sweep.runs.into_inner().unwrap();
    for run in &runs {
        let found =
            block_on(verdict::of(control_plane, run, &references[run.scenario.name], &census));
        failures.extend(found.into_iter().map(|failure| format!("{}: {failure}", run.namespace)));
    }
    failures.extend(foreign::touched(&neighbour, &census, "neighbour"));
    for series in sweep.series.into_inner().unwrap() {
        println!(
            "{:<24}{:<16}{:>4} requests disturbed",
            series.scenario.name, series.disturbance.name, series.disturbed
        );
    }
    println!("{} runs, {} of them not as they should be", runs.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

impl Sweep<'_> {
    /// A release of the same name in another namespace, and what is in that namespace.
    fn neighbour(&self) -> Vec<Item> {
        Deployer::new(&self.control_plane.kubeconfig(), "neighbour")
            .succeed("apply --image acme/web:1");
        block_on(async {
            let client = self.control_plane.client().await;
            foreign::plant(&client, "neighbour").await;
            // The last of the controllers has seen it by then.
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            census::take(&client).await.remove("neighbour").expect("the neighbour's objects")
        })
    }

    /// A scenario without any fault. Returns its namespace.
    fn reference(&self, scenario: Scenario) -> String {
        let proxy = Proxy::start(self.control_plane);
        let namespace = scenario.name.to_owned();
        let commands = Commands::new(&proxy, &namespace);
        let planted = self.prepare(&proxy, &commands, scenario);
        let output = commands.run(scenario.command);
        assert_eq!(output.status.code(), Some(scenario.code), "{namespace}: {}", said(&output));
        self.runs.lock().unwrap().push(Run { scenario, namespace: namespace.clone(), planted });
        namespace
    }

    /// Takes one request after the other, wherever there is one left.
    fn lane(&self) {
        let proxy = Proxy::start(self.control_plane);
        while let Some((index, scenario, disturbance, number)) = self.take() {
            let namespace = format!("{}-{}-{number}", scenario.name, disturbance.name);
            let commands = Commands::new(&proxy, &namespace);
            let planted = self.prepare(&proxy, &commands, scenario);
            proxy.at(number, disturbance.fault);
            let child = commands.start(scenario.command);
            proxy.victim(child.id());
            let mut output = child.wait_with_output().expect("an end");
            {
                let mut all = self.series.lock().unwrap();
                all[index].disturbed += proxy.hits();
                all[index].over |= proxy.hits() == 0;
            }
            let request =
                proxy.seen().get(number - 1).map(|seen| format!("{} {}", seen.method, seen.path));
            if disturbance.again && proxy.hits() > 0 {
                proxy.clear();
                output = commands.run(scenario.command);
            }
            if output.status.code() != Some(scenario.code) {
                let failure =
                    format!("{namespace} ({}): {}", request.unwrap_or_default(), said(&output));
                self.failures.lock().unwrap().push(failure);
            }
            self.runs.lock().unwrap().push(Run { scenario, namespace, planted });
        }
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
        let client = block_on(self.control_plane.client());
        if scenario.others_namespace {
            block_on(self.control_plane.named_namespace(namespace));
        }
        for command in scenario.before {
            let output = commands.run(command);
            assert!(output.status.success(), "{namespace}: {command}: {}", said(&output));
        }
        if scenario.others_objects {
            block_on(foreign::plant(&client, namespace))
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
