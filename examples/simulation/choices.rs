//! Everything that chance decides in a run. A seed makes the choices of a run; a script repeats them, and can be made
//! simpler: the first of all alternatives, 0, is always the one where nothing special happens.

use fastrand::Rng;

/// Choices of one kind come from one stream, so that simplifying one kind leaves the others as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Setting,
    Host,
    Crash,
    Network,
    Gateway,
    Customer,
    Disk,
    Time,
}

pub const STREAMS: usize = 8;

/// The choices of a run, stream by stream. Where it ends, all is ordinary.
pub type Script = [Vec<u32>; STREAMS];

pub struct Choices {
    streams: [Stream; STREAMS],
}

struct Stream {
    rng: Rng,
    script: Option<Vec<u32>>,
    made: Vec<u32>,
}

impl Stream {
    fn choose(&mut self, alternatives: u32, by_chance: impl FnOnce(&mut Rng) -> u32) -> u32 {
        let choice = match &self.script {
            Some(script) => script.get(self.made.len()).copied().unwrap_or(0).min(alternatives - 1),
            None => by_chance(&mut self.rng),
        };
        self.made.push(choice);
        choice
    }
}

impl Choices {
    pub fn of_seed(seed: u64) -> Self {
        let mut seeds = Rng::with_seed(seed);
        Self::of(|_| (Rng::with_seed(seeds.u64(..)), None))
    }

    pub fn of_script(script: &Script) -> Self {
        Self::of(|n| (Rng::with_seed(0), Some(script[n].clone())))
    }

    /// For the moment in which somebody else makes the choices.
    pub fn none() -> Self {
        Self::of(|_| (Rng::with_seed(0), None))
    }

    fn of(mut stream: impl FnMut(usize) -> (Rng, Option<Vec<u32>>)) -> Self {
        let streams = std::array::from_fn(|n| {
            let (rng, script) = stream(n);
            Stream { rng, script, made: Vec::new() }
        });
        Self { streams }
    }

    pub fn below(&mut self, of: Of, alternatives: u32) -> u32 {
        self.streams[of as usize].choose(alternatives, |rng| rng.u32(..alternatives))
    }

    pub fn chance(&mut self, of: Of, per_mille: u32) -> bool {
        self.streams[of as usize].choose(2, |rng| u32::from(rng.u32(..1000) < per_mille)) == 1
    }

    /// Which one, each as likely as its weight says.
    pub fn weighted(&mut self, of: Of, weights: &[u32]) -> usize {
        let by_chance = |rng: &mut Rng| {
            let mut rest = rng.u32(..weights.iter().sum::<u32>());
            let hit = weights.iter().position(|weight| match rest.checked_sub(*weight) {
                Some(less) => {
                    rest = less;
                    false
                }
                None => true,
            });
            hit.unwrap_or(0) as u32
        };
        self.streams[of as usize].choose(weights.len() as u32, by_chance) as usize
    }

    /// From `least` up to, and without, `most`.
    pub fn between(&mut self, of: Of, least: u64, most: u64) -> u64 {
        least + u64::from(self.below(of, (most - least).max(1) as u32))
    }

    pub fn one_of<T: Copy>(&mut self, of: Of, alternatives: &[T]) -> T {
        alternatives[self.below(of, alternatives.len() as u32) as usize]
    }

    pub fn made(self) -> Script {
        self.streams.map(|stream| stream.made)
    }
}
