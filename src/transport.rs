use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use crate::error::Result;
pub struct Options { pub api_domain: String, pub connect_timeout: Duration, pub proxy: Option<String>, pub ca_file: Option<PathBuf> }
pub type Spawn = Arc<dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync>;
pub struct Exchange<'a> { pub path: &'a str, pub authorization: &'a str, pub body: &'a [u8], pub reply_timeout: Duration, pub fresh: bool }
pub struct Answer { pub http_status: u16, pub body: Vec<u8> }
#[derive(Clone, Default)] pub struct Interrupt;
impl Interrupt { pub fn new() -> Self { Self } pub fn raise(&self) {} }
pub struct Transport;
impl Transport { pub fn new(_: &Options, _: Spawn) -> Result<Self> { Ok(Self) } pub fn exchange(&self, _: &Exchange, _: &Interrupt) -> Result<Answer> { todo!() } }
