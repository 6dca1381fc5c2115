//! What the host is handed: an immutable snapshot, with all text in the host's encoding. Texts are made when they are asked
//! for, and once.

mod encoding;
mod fields;
mod json;
mod notification;
mod read;
#[cfg(test)]
pub mod tests;

use std::ffi::{CStr, CString};

use once_cell::sync::OnceCell;

use crate::gateway::reply::Reply;
use crate::gateway::words::{self, Words};
use crate::record::{Report, Verdict};
pub use encoding::Encoding;
use fields::Fields;
pub use read::{of_raw_call, read_reply};

/// In which language and encoding a host reads its events.
#[derive(Debug, Clone, Copy)]
pub struct EventReader {
    pub chinese: bool,
    pub encoding: Encoding,
}

impl EventReader {
    /// For what is read without a client: nobody says in which language to tell it.
    pub const ANYBODY: Self = Self { chinese: true, encoding: Encoding::Utf8 };
}

pub struct Event {
    pub action: i32,
    pub verdict: Verdict,
    words: Words,
    reader: EventReader,
    content: Content,
    message: OnceCell<CString>,
    texts: OnceCell<Vec<(String, CString)>>,
    json: OnceCell<CString>,
}

enum Content {
    /// How an action stands.
    Action(Report),
    /// What was only read: it has no course.
    Reading(Fields),
}

impl Event {
    pub fn new(report: Report, reader: EventReader) -> Self {
        let why = report.reply.as_deref().and_then(why);
        let Verdict { outcome, status } = report.verdict;
        let words = words::of(report.action, outcome, status, report.phase.name(), why);
        Self::made(report.action, report.verdict, words, reader, Content::Action(report))
    }

    fn of_reading(action: i32, verdict: Verdict, words: Words, fields: Fields, reader: EventReader) -> Self {
        Self::made(action, verdict, words, reader, Content::Reading(fields))
    }

    fn made(action: i32, verdict: Verdict, words: Words, reader: EventReader, content: Content) -> Self {
        let (message, texts, json) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { action, verdict, words, reader, content, message, texts, json }
    }

    pub fn is_final(&self) -> bool {
        self.verdict.is_final()
    }

    pub fn advice(&self) -> i32 {
        self.words.advice
    }

    pub fn message(&self) -> &CStr {
        self.message.get_or_init(|| self.text(self.sentence()))
    }

    pub fn json(&self) -> &CStr {
        self.json.get_or_init(|| self.text(&json::of(self, &self.fields())))
    }

    pub fn get(&self, key: &str) -> Option<&CStr> {
        let texts = self.texts.get_or_init(|| {
            let fields = self.fields();
            fields.iter().map(|(key, value)| (key.to_owned(), self.text(value))).collect()
        });
        let field = texts.iter().find(|(name, _)| name == key);
        field.map(|(_, value)| value.as_c_str())
    }

    fn sentence(&self) -> &'static str {
        if self.reader.chinese {
            self.words.zh
        } else {
            self.words.en
        }
    }

    /// What is encoded has no NUL.
    fn text(&self, text: &str) -> CString {
        CString::new(self.reader.encoding.encode(text)).unwrap_or_default()
    }

    fn fields(&self) -> Fields {
        let mut fields = match &self.content {
            Content::Action(report) => Fields::of_report(report),
            Content::Reading(fields) => fields.clone(),
        };
        fields.add("message_zh", Some(self.words.zh));
        fields.add("message_en", Some(self.words.en));
        fields
    }
}

/// The code that says why: the action's, or the request's.
fn why(reply: &Reply) -> Option<&str> {
    reply.biz_error_code.as_deref().or(reply.error_code.as_deref())
}
