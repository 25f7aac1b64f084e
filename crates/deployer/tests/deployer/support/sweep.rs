//! One way to use the deployer, disturbed at each of its requests in turn, and looked at afterwards. A run of `cargo xtask ci` meets a
//! sample of the requests, of all scenarios together.

mod verdict;

use std::collections::BTreeMap;
use std::fmt;
use std::process::{Child, Output};
use std::sync::Mutex;
use std::thread;

use kube::Client;
use skyward_deployer::api::{ApiServer, ContextRef};
use skyward_testkit::sample::{is_sampled, sample};

use super::census::{self, Item};
use super::control_plane::{CONTEXT, ControlPlane};
use super::deployer::{Deployer, said};
use super::foreign;
use super::proxy::{Fault, Proxy, Seen};
use super::{block_on, cluster};

/// How many runs go on at one time. Most of the time each waits.
const LANES: usize = 24;

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
    /// The image whose canary runs beside it.
    pub canary: Option<&'static str>,
    /// Whether others have made the namespace.
    pub others_namespace: bool,
    /// Whether others have objects in the namespace.
    pub others_objects: bool,
}

impl Scenario {
    /// The values of most scenarios.
    pub const BASE: Self = Self {
        name: "",
        before: &[],
        command: "",
        code: 0,
        serves: None,
        canary: None,
        others_namespace: false,
        others_objects: false,
    };
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
    /// The namespace of the run without faults.
    reference: String,
    namespace: String,
    planted: Vec<Item>,
}

/// The requests of one scenario under one disturbance.
struct Series {
    scenario: Scenario,
    disturbance: Disturbance,
    /// How many requests there are where nothing is disturbed.
    requests: usize,
    /// Those that are still to be disturbed. In a whole sweep they do not end by themselves: a run that ends undisturbed ends them.
    next: Box<dyn Iterator<Item = usize> + Send>,
    taken: usize,
    disturbed: usize,
    over: bool,
}

struct Sweep {
    name: &'static str,
    control_plane: &'static ControlPlane,
    client: Client,
    series: Mutex<Vec<Series>>,
    runs: Mutex<Vec<Run>>,
    failures: Mutex<Vec<String>>,
}

/// Disturbs every request of every scenario in every way, or so many of them where samples are met, each in a namespace of its own, and
/// prints the counts.
pub fn sweep(
    name: &'static str,
    at_most: usize,
    scenarios: &[Scenario],
    disturbances: &[Disturbance],
) {
    let control_plane = cluster();
    let mut sweep = Sweep {
        name,
        control_plane,
        client: block_on(control_plane.client()),
        series: Mutex::default(),
        runs: Mutex::default(),
        failures: Mutex::default(),
    };
    let (neighbour, mut series) = sweep.undisturbed(scenarios, disturbances);
    choose(name, at_most, &mut series);
    *sweep.series.get_mut().unwrap() = series;
    thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| sweep.lane());
        }
    });
    sweep.judge(&neighbour);
}

/// Leaves each series the requests that this run meets.
fn choose(name: &str, at_most: usize, all: &mut [Series]) {
    let numbers =
        |(index, series): (usize, &Series)| (1..=series.requests).map(move |it| (index, it));
    let points: Vec<_> = all.iter().enumerate().flat_map(numbers).collect();
    let mut met = BTreeMap::<usize, Vec<usize>>::new();
    for (index, number) in sample(name, points, at_most) {
        met.entry(index).or_default().push(number);
    }
    if is_sampled() {
        for (index, series) in all.iter_mut().enumerate() {
            series.next = Box::new(met.remove(&index).unwrap_or_default().into_iter());
        }
    }
}

impl Series {
    fn new(scenario: Scenario, disturbance: Disturbance, requests: usize) -> Self {
        assert!(requests > 0, "{}: {} is done to nothing", scenario.name, disturbance.name);
        let next = Box::new(1..);
        Self { scenario, disturbance, requests, next, taken: 0, disturbed: 0, over: false }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, disturbance, requests, disturbed, .. } = self;
        write!(f, "{:<16}{:<16}{disturbed:>4} ", scenario.name, disturbance.name)?;
        if is_sampled() {
            write!(f, "of {requests:>3} ")?;
        }
        f.write_str("requests disturbed")
    }
}

impl Sweep {
    /// A namespace of this sweep's.
    fn namespace(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    /// All that is compared with, all at one time: the neighbour, and how each scenario goes without a fault.
    fn undisturbed(
        &self,
        scenarios: &[Scenario],
        disturbances: &[Disturbance],
    ) -> (Vec<Item>, Vec<Series>) {
        thread::scope(|scope| {
            let neighbour = scope.spawn(|| self.neighbour());
            let references: Vec<_> = scenarios
                .iter()
                .map(|scenario| scope.spawn(|| (*scenario, self.reference(*scenario))))
                .collect();
            let mut series = Vec::new();
            for reference in references {
                let (scenario, seen) = reference.join().expect("a run without faults");
                series.extend(disturbances.iter().map(|disturbance| {
                    let requests = seen.iter().filter(|seen| (disturbance.to)(seen)).count();
                    Series::new(scenario, *disturbance, requests)
                }));
            }
            (neighbour.join().expect("a neighbour"), series)
        })
    }

    /// A release of the same name in another namespace, and what is in that namespace.
    fn neighbour(&self) -> Vec<Item> {
        let namespace = self.namespace("neighbour");
        Deployer::new(&self.control_plane.kubeconfig(), &namespace)
            .succeed("apply --image acme/web:1");
        block_on(async {
            foreign::plant(&self.client, &namespace).await;
            census::settled(&self.client, &namespace).await
        })
    }

    /// A scenario without any fault, in a namespace of its name. Returns the command's requests.
    fn reference(&self, scenario: Scenario) -> Vec<Seen> {
        let proxy = Proxy::start(self.control_plane);
        let namespace = self.namespace(scenario.name);
        let commands = Commands::new(&proxy, &namespace);
        let planted = self.prepare(&proxy, &commands, scenario);
        proxy.clear();
        let output = commands.run(scenario.command);
        assert_eq!(output.status.code(), Some(scenario.code), "{namespace}: {}", said(&output));
        self.keep(scenario, namespace, planted);
        proxy.seen()
    }

    /// Takes one request after the other, wherever there is one left.
    fn lane(&self) {
        let proxy = Proxy::start(self.control_plane);
        while let Some((index, scenario, disturbance, number)) = self.take() {
            let namespace =
                self.namespace(&format!("{}-{}-{number}", scenario.name, disturbance.name));
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
            self.keep(scenario, namespace, planted);
        }
    }

    fn keep(&self, scenario: Scenario, namespace: String, planted: Vec<Item>) {
        let reference = self.namespace(scenario.name);
        self.runs.lock().unwrap().push(Run { scenario, reference, namespace, planted });
    }

    /// Looks at what is there in the end.
    fn judge(&mut self, neighbour: &[Item]) {
        let series = std::mem::take(self.series.get_mut().unwrap());
        for series in &series {
            println!("{series}");
        }
        // The garbage collector and the others have their part to do when a deployer has done its own.
        let own = self.namespace("");
        let census = block_on(census::take_settled(&self.client, |it| it.starts_with(&own)));
        let mut failures = std::mem::take(self.failures.get_mut().unwrap());
        let runs = std::mem::take(self.runs.get_mut().unwrap());
        let kubeconfig = Some(self.control_plane.kubeconfig());
        let target = ContextRef { kubeconfig, context: Some(CONTEXT.to_owned()) };
        let api = block_on(ApiServer::connect(&target)).expect("the cluster");
        for run in &runs {
            let found = block_on(verdict::of(&api, run, &census));
            failures
                .extend(found.into_iter().map(|failure| format!("{}: {failure}", run.namespace)));
        }
        failures.extend(foreign::touched(neighbour, &census, &self.namespace("neighbour")));
        let of = if is_sampled() {
            let (met, all) =
                series.iter().fold((0, 0), |(met, all), it| (met + it.taken, all + it.requests));
            format!("{met} of {all} points, ")
        } else {
            String::new()
        };
        println!(
            "{}: {of}{} runs, {} things not as they should be",
            self.name,
            runs.len(),
            failures.len()
        );
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    /// The next request of the series that is behind the others.
    fn take(&self) -> Option<(usize, Scenario, Disturbance, usize)> {
        let mut all = self.series.lock().unwrap();
        loop {
            let left = all.iter_mut().enumerate().filter(|(_, it)| !it.over);
            let (index, series) = left.min_by_key(|(_, it)| it.taken)?;
            let Some(number) = series.next.next() else {
                series.over = true;
                continue;
            };
            series.taken += 1;
            return Some((index, series.scenario, series.disturbance, number));
        }
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

/// The release of a run, plain and in the environments that a command may begin with.
struct Commands {
    plain: Deployer,
    environments: BTreeMap<&'static str, Deployer>,
}

impl Commands {
    fn new(proxy: &Proxy, namespace: &str) -> Self {
        let deployer = || Deployer::new(&proxy.kubeconfig(), namespace);
        let named = ["scaled", "full", "broken"].map(|name| (name, deployer().environment(name)));
        Self { plain: deployer(), environments: named.into() }
    }

    fn start(&self, command: &str) -> Child {
        match command.split_once(": ") {
            Some((environment, command)) => self.environments[environment].start(command),
            None => self.plain.start(command),
        }
    }

    fn run(&self, command: &str) -> Output {
        self.start(command).wait_with_output().expect("an end")
    }
}
