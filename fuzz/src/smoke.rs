//! Runs a target for a short while without any tool: seeds and known inputs first, then mutations of them.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fmt, fs, io};

use microstack::wire::hex;

use crate::Target;
use crate::mutate::{Random, mutated};

/// How long to try.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Start of the pseudo-random sequence.
    pub seed: u64,
    /// Mutations at most.
    pub iterations: u32,
    /// Time at most; checked between inputs.
    pub time: Duration,
}

/// What a run without a failure did.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// Seeds and known inputs tried.
    pub known: usize,
    /// Mutations tried.
    pub mutations: u32,
}

/// An input a target cannot stand.
#[derive(Debug)]
pub struct Failure {
    /// Name of the target.
    pub target: &'static str,
    /// Seed of the run.
    pub seed: u64,
    /// Number of the mutation; none for a seed or a known input.
    pub iteration: Option<u32>,
    /// The input itself.
    pub input: Vec<u8>,
    /// What the target said.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { target, seed, iteration, input, message } = self;
        write!(f, "target {target}, seed {seed:#x}, ")?;
        match iteration {
            Some(iteration) => write!(f, "mutation {iteration}: ")?,
            None => f.write_str("known input: ")?,
        }
        write!(
            f,
            "{message}\ninput of {} bytes: {}\nput those bytes into a file in regressions/{target}/ to keep them",
            input.len(),
            hex::upper(input)
        )
    }
}

impl std::error::Error for Failure {}

/// Runs `target` over its seeds, over `known` inputs, and over mutations of both.
///
/// # Errors
/// The first [`Failure`]; the panic message of the target also goes to standard error.
pub fn run(target: &Target, known: &[Vec<u8>], effort: Effort) -> Result<Report, Box<Failure>> {
    let mut inputs = (target.seeds)();
    inputs.extend_from_slice(known);
    for input in &inputs {
        once(target, effort.seed, None, input)?;
    }
    // Each target has a sequence of its own, so that adding one does not change the others.
    let offset =
        target.name.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut random = Random::new(effort.seed ^ offset);
    let end = Instant::now() + effort.time;
    let mut mutations = 0;
    while mutations < effort.iterations && Instant::now() < end {
        let input = mutated(&inputs, &mut random);
        once(target, effort.seed, Some(mutations), &input)?;
        mutations += 1;
    }
    Ok(Report { known: inputs.len(), mutations })
}

/// The files in `folder/<name of the target>`; none if there is no such folder.
///
/// # Errors
/// Those of reading.
pub fn known_inputs(folder: &Path, target: &Target) -> io::Result<Vec<Vec<u8>>> {
    let entries = match fs::read_dir(folder.join(target.name)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    paths.iter().map(fs::read).collect()
}

fn once(target: &Target, seed: u64, iteration: Option<u32>, input: &[u8]) -> Result<(), Box<Failure>> {
    // Targets are functions without state, so nothing can be left half done.
    panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without a text")
            .to_owned();
        Box::new(Failure { target: target.name, seed, iteration, input: input.to_vec(), message })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort { seed: 1, iterations: 20_000, time: Duration::from_secs(20) };

    fn target(run: fn(&[u8])) -> Target {
        Target { name: "sample", path: "smoke::sample", run, seeds: || vec![b"abc".to_vec()] }
    }

    #[test]
    fn a_faulty_parser_is_caught_and_the_input_reproduces_it() {
        let faulty = target(|data| assert!(!(data.len() > 4 && data[0] == 0xFF), "found it"));
        let failure = run(&faulty, &[], EFFORT).unwrap_err();
        assert_eq!(failure.input[0], 0xFF);
        assert!(failure.iteration.is_some() && failure.to_string().contains("found it"));
        let again = run(&faulty, &[], EFFORT).unwrap_err();
        assert_eq!((again.iteration, &again.input), (failure.iteration, &failure.input));
    }

    #[test]
    fn known_inputs_are_tried_before_mutations() {
        let faulty = target(|data| assert_ne!(data, b"a very particular input"));
        assert!(run(&faulty, &[], EFFORT).is_ok());
        let failure = run(&faulty, &[b"a very particular input".to_vec()], EFFORT).unwrap_err();
        assert_eq!(failure.iteration, None);
    }

    #[test]
    fn a_run_ends_when_its_time_is_up() {
        let effort = Effort { time: Duration::ZERO, ..EFFORT };
        let report = run(&target(|_| {}), &[], effort).unwrap();
        assert_eq!((report.known, report.mutations), (1, 0));
        assert_eq!(run(&target(|_| {}), &[], EFFORT).unwrap().mutations, EFFORT.iterations);
    }
}
