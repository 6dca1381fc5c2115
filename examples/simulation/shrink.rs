//! A run that breaks a rule, made simpler: choice after choice is replaced by the ordinary one, as long as the same
//! rule breaks.

use crate::choices::{Choices, Script, STREAMS};
use crate::world::{self, Outcome, StoreKind};

/// How many runs the search for a simpler one may take.
const RUNS_MAX: usize = 4_000;

pub fn show(seed: u64, store: StoreKind, outcome: &Outcome) {
    let Some(broken) = &outcome.broken else { return };
    println!("seed {seed} breaks \"{}\": {}", broken.rule, broken.what);
    let script = simplify(outcome.script.clone(), store, broken.rule);
    let simple = world::run(Choices::of_script(&script), store, true);
    println!("made simpler:");
    tell(&simple.notes);
    println!("the whole of it: --seed {seed}");
}

/// What repeats itself is told once.
fn tell(notes: &[String]) {
    const WITHIN: usize = 8;
    let text = |note: &str| {
        let text = note.split_once(" s  ").map_or(note, |(_, text)| text);
        text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>()
    };
    let mut told: Vec<String> = Vec::new();
    let mut left_out = 0;
    for note in notes {
        let text = text(note);
        if told.iter().rev().take(WITHIN).any(|earlier| *earlier == text) {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            println!("              … {left_out} of the same");
        }
        left_out = 0;
        println!("{note}");
        told.push(text);
    }
}

fn simplify(mut script: Script, store: StoreKind, rule: &str) -> Script {
    let mut runs = 0;
    let mut fails = |script: &Script| {
        runs += 1;
        let outcome = world::run(Choices::of_script(script), store, false);
        (runs < RUNS_MAX).then(|| outcome.broken.is_some_and(|broken| broken.rule == rule))
    };
    loop {
        let before = script.clone();
        for stream in 0..STREAMS {
            if simplify_stream(&mut script, stream, &mut fails).is_none() {
                return script;
            }
        }
        if script == before {
            return script;
        }
    }
}

/// `None`: no more runs.
fn simplify_stream(
    script: &mut Script,
    stream: usize,
    fails: &mut impl FnMut(&Script) -> Option<bool>,
) -> Option<()> {
    let mut chunk = script[stream].len().next_power_of_two();
    while chunk > 0 {
        let mut start = 0;
        while start < script[stream].len() {
            let end = (start + chunk).min(script[stream].len());
            if script[stream][start..end].iter().any(|choice| *choice != 0) {
                let mut simpler = script.clone();
                simpler[stream][start..end].fill(0);
                if fails(&simpler)? {
                    *script = simpler;
                } else if chunk == 1 {
                    halve(script, stream, start, fails)?;
                }
            }
            start += chunk;
        }
        chunk /= 2;
    }
    while script[stream].last() == Some(&0) {
        script[stream].pop();
    }
    Some(())
}

/// A number that cannot be 0 becomes as small as it can.
fn halve(
    script: &mut Script,
    stream: usize,
    at: usize,
    fails: &mut impl FnMut(&Script) -> Option<bool>,
) -> Option<()> {
    while script[stream][at] > 1 {
        let mut simpler = script.clone();
        simpler[stream][at] /= 2;
        if !fails(&simpler)? {
            break;
        }
        *script = simpler;
    }
    Some(())
}
