//! What a run is like: how often things go wrong in it, and what its clocks show.

use super::network;
use super::World;
use crate::choices::{Choices, Of};

/// How often things go wrong in this run, per mille.
#[derive(Default)]
pub struct Levels {
    pub network: u32,
    /// The weight of each odd answer, beside 1000 for the ordinary one.
    pub gateway: u32,
    pub disk: u32,
    /// The write of a verdict fails.
    pub verdict: u32,
    pub late: u32,
    pub crashes: u32,
    /// What the network does instead of all that it can do.
    pub courses: Vec<u32>,
    /// One story of each call that is told again and again: unlikely things meet more often where there are few of them.
    pub favourites: [Option<u32>; 4],
}

/// The calls that the gateway has stories for.
#[derive(Clone, Copy)]
pub enum Tale {
    Begin,
    Query,
    Cancel,
    Refund,
}

/// The steps at which a crash is of interest, with how many there are of each before the last one of a life is likely.
pub const CRASH_POINTS: &[(&str, u32)] = &[
    ("crash: before a request leaves", 20),
    ("crash: after a request has left", 20),
    ("crash: after a cancel has left", 2),
    ("crash: before a reply is looked at", 20),
    ("crash: before a name is on disk", 1),
    ("crash: at a write to the disk", 30),
    ("crash: as a call returns", 6),
    ("crash: as the host hears", 40),
];

const STORIES_MAX: u32 = 20;
pub const FAVOURITE_WEIGHT: u32 = 700;

impl Levels {
    pub fn of(choices: &mut Choices) -> Self {
        let level = |choices: &mut Choices, levels: [u32; 4]| levels[choices.below(Of::Setting, 4) as usize];
        Self {
            network: level(choices, [0, 50, 150, 400]),
            gateway: level(choices, [0, 15, 60, 200]),
            disk: level(choices, [0, 0, 10, 60]),
            verdict: level(choices, [0, 0, 0, 400]),
            late: level(choices, [0, 0, 20, 100]),
            crashes: level(choices, [0, 1, 2, 4]),
            courses: match choices.below(Of::Setting, 2) {
                0 => Vec::new(),
                _ => (0..2).map(|_| choices.below(Of::Setting, network::COURSES.len() as u32)).collect(),
            },
            favourites: std::array::from_fn(|_| match choices.below(Of::Setting, 3) {
                2 => Some(choices.below(Of::Setting, STORIES_MAX)),
                _ => None,
            }),
        }
    }
}

/// When the run begins by the gateway's calendar: noon in Beijing.
const GATEWAY_BEGAN_MS: u64 = 1_790_049_600_000;
const DAY_MS: u64 = 86_400_000;
const BEIJING_AHEAD_MS: u64 = 8 * 3_600_000;

/// The gateway's clock, and the till's, which may be wrong.
pub struct Clock {
    began_ms: u64,
    /// Of the till's calendar, compared with the gateway's.
    pub wall_ahead: i64,
    /// The till's calendar is right from its next start on.
    pub mended_by_start: bool,
    /// The gateway's replies have a Date.
    pub has_date: bool,
}

impl Clock {
    fn new(midnight_after: u64) -> Self {
        let day = (GATEWAY_BEGAN_MS + BEIJING_AHEAD_MS) / DAY_MS;
        let midnight = (day + 1) * DAY_MS - BEIJING_AHEAD_MS;
        Self { began_ms: midnight - midnight_after, wall_ahead: 0, mended_by_start: false, has_date: true }
    }

    pub fn of(choices: &mut Choices) -> Self {
        let mut clock = Self::new(match choices.below(Of::Setting, 3) {
            0 => 12 * 3_600_000,
            1 => choices.between(Of::Setting, 1, 30_000),
            _ => choices.between(Of::Setting, 30_000, 900_000),
        });
        clock.has_date = !choices.chance(Of::Setting, 100);
        match choices.below(Of::Time, 10) {
            // An empty battery: 2020.
            8 => clock.wall_ahead = 1_580_000_000_000 - clock.began_ms as i64,
            9 => clock.wall_ahead = 400 * DAY_MS as i64,
            _ => {}
        }
        clock.mended_by_start = clock.wall_ahead != 0 && choices.below(Of::Time, 2) == 1;
        clock
    }
}

impl World {
    /// By the gateway's calendar.
    pub fn gateway_ms(&self) -> u64 {
        self.clock.began_ms + self.now
    }

    /// By the till's.
    pub fn wall_ms(&self) -> u64 {
        self.gateway_ms().saturating_add_signed(self.clock.wall_ahead)
    }

    /// The gateway's day, which counts.
    pub fn beijing_day(&self) -> u64 {
        (self.gateway_ms() + BEIJING_AHEAD_MS) / DAY_MS
    }
}
