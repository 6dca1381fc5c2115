//! The tables of codes: all that the documents list and nothing else, in words of both languages.

use std::collections::BTreeSet;
use std::ffi::{c_char, CStr, CString};
use std::fs;
use std::path::Path;

use upay::abi::*;
use upay::ffi::*;

/// The tables, each with the file that lists its codes: one a line, with the documents that have it. "public" stands for
/// what the gateway answers with, or its owner has published, beside them.
pub const TABLES: &[(i32, &str)] = &[
    (UPAY_TABLE_RESULT_CODE, "result_code"),
    (UPAY_TABLE_ORDER_STATUS, "order_status"),
    (UPAY_TABLE_TRANSACTION_STATUS, "transaction_status"),
    (UPAY_TABLE_REQUEST_ERROR, "request_error"),
    (UPAY_TABLE_BUSINESS_ERROR, "business_error"),
    (UPAY_TABLE_PAYWAY, "payway"),
    (UPAY_TABLE_SUB_PAYWAY, "sub_payway"),
    (UPAY_TABLE_CHARGE_ERROR, "charge_error"),
    (UPAY_TABLE_CHARGE_HTTP, "charge_http"),
];

pub fn data(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// NULL is `None`.
pub fn text(pointer: *const c_char) -> Option<String> {
    // SAFETY: text of the library ends with a NUL, and these live long enough to be copied.
    let text = (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) });
    text.map(|text| text.to_str().unwrap().to_owned())
}

pub fn codes(table: i32) -> Vec<String> {
    (0..).map_while(|index| text(upay_code_at(table, index))).collect()
}

fn text_of(table: i32, code: &str, language: &str) -> Option<String> {
    let (code, language) = (CString::new(code).unwrap(), CString::new(language).unwrap());
    // SAFETY: both texts end with a NUL.
    text(unsafe { upay_code_text(table, code.as_ptr(), language.as_ptr()) })
}

pub fn outcome(table: i32, code: &str) -> i32 {
    let code = CString::new(code).unwrap();
    // SAFETY: the text ends with a NUL.
    unsafe { upay_code_outcome(table, code.as_ptr()) }
}

pub fn advice(table: i32, code: &str) -> i32 {
    let code = CString::new(code).unwrap();
    // SAFETY: the text ends with a NUL.
    unsafe { upay_code_advice(table, code.as_ptr()) }
}

fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn every_table_has_the_documents_codes_and_no_others() {
    for (table, name) in TABLES {
        let list = data(&format!("codes/{name}.txt"));
        let mut listed = BTreeSet::new();
        for line in list.lines() {
            let mut words = line.split(' ');
            let code = words.next().unwrap();
            let sources: Vec<&str> = words.collect();
            assert!(!sources.is_empty(), "{name}: {code} comes from nowhere");
            for source in sources {
                assert!(["000", "002", "003", "004", "public"].contains(&source), "{name}: {line}");
            }
            assert!(listed.insert(code.to_owned()), "{name}: {code} is listed twice");
        }
        let there: BTreeSet<String> = codes(*table).into_iter().collect();
        let missing: Vec<_> = listed.difference(&there).collect();
        let extra: Vec<_> = there.difference(&listed).collect();
        assert!(missing.is_empty() && extra.is_empty(), "{name}: missing {missing:?}, extra {extra:?}");
    }
}

#[test]
fn no_code_stands_twice_in_a_table() {
    for (table, name) in TABLES {
        let mut seen = BTreeSet::new();
        for code in codes(*table) {
            assert!(seen.insert(code.clone()), "{name}: {code}");
        }
    }
}

#[test]
fn every_code_has_a_sentence_in_chinese_and_in_english() {
    for (table, name) in TABLES {
        // Wallets and ways have names, which are no sentences.
        let names = ["payway", "sub_payway"].contains(name);
        for code in codes(*table) {
            let zh = text_of(*table, &code, "zh").unwrap();
            assert!(has_chinese(&zh), "{name} {code}: {zh}");
            let ours = |c: char| !c.is_ascii() || (names && (c.is_ascii_alphanumeric() || c == '.'));
            assert!(zh.chars().all(ours), "{name} {code}: {zh}");
            assert_eq!(zh.ends_with('。'), !names, "{name} {code}: {zh}");
            let en = text_of(*table, &code, "en").unwrap();
            assert!(!en.is_empty() && en.is_ascii(), "{name} {code}: {en}");
            assert_eq!(en.ends_with('.'), !names, "{name} {code}: {en}");
        }
    }
}

#[test]
fn no_advice_contradicts_its_outcome() {
    for (table, name) in TABLES {
        for code in codes(*table) {
            let (outcome, advice) = (outcome(*table, &code), advice(*table, &code));
            assert!((UPAY_OUTCOME_PENDING..=UPAY_OUTCOME_UNKNOWN).contains(&outcome), "{name} {code}");
            assert!((UPAY_ADVICE_NONE..=UPAY_ADVICE_ASK_CUSTOMER).contains(&advice), "{name} {code}");
            if advice == UPAY_ADVICE_DELIVER {
                assert!(["PAY_SUCCESS", "PAID"].contains(&code.as_str()), "{name} {code}");
                assert_eq!(outcome, UPAY_OUTCOME_SUCCESS, "{name} {code}");
            }
            // A second payment may only follow on a first one that is known to have come to nothing.
            if [UPAY_ADVICE_RETRY, UPAY_ADVICE_ASK_CUSTOMER].contains(&advice) {
                assert_eq!(outcome, UPAY_OUTCOME_FAILED, "{name} {code}");
            }
        }
    }
}

#[test]
fn two_spellings_are_one_code() {
    let there = codes(UPAY_TABLE_BUSINESS_ERROR);
    let (long, short) = ("UPAY_ORDER_NOT_EXISTS", "UPAY_ORDER_NOT_EXIST");
    for spelling in [long, short] {
        assert_eq!(there.iter().filter(|code| *code == spelling).count(), 1);
    }
    let says = |code| {
        let table = UPAY_TABLE_BUSINESS_ERROR;
        (outcome(table, code), advice(table, code), text_of(table, code, "zh"), text_of(table, code, "en"))
    };
    assert_eq!(says(long), says(short));
    assert_ne!(says(long), says("TRADE_NOT_EXIST"));
}

#[test]
fn what_is_in_no_table_is_unknown() {
    let numbers = TABLES.iter().map(|(table, _)| *table);
    for table in numbers.chain([0, -1, 10, i32::MAX, i32::MIN]) {
        for code in ["", " ", "A_CODE_OF_NEXT_YEAR", "pay_success", "PAY_SUCCESS ", "支付成功", "-1", "0"] {
            assert_eq!(text_of(table, code, "zh"), None, "{table} {code}");
            assert_eq!(outcome(table, code), UPAY_OUTCOME_UNKNOWN, "{table} {code}");
            assert_eq!(advice(table, code), UPAY_ADVICE_NONE, "{table} {code}");
        }
    }
    for table in [0, -1, 10, i32::MAX, i32::MIN] {
        assert!(upay_code_at(table, 0).is_null(), "{table}");
        assert_eq!(text_of(table, "PAID", "zh"), None, "{table}");
    }
    for (table, _) in TABLES {
        assert!(upay_code_at(*table, codes(*table).len()).is_null());
        assert!(upay_code_at(*table, usize::MAX).is_null());
    }
    for language in ["", "ZH", "zh_CN", "fr"] {
        assert_eq!(text_of(UPAY_TABLE_ORDER_STATUS, "PAID", language), None, "{language}");
    }
}

#[test]
fn the_text_of_a_code_lives_for_ever() {
    let first = upay_code_at(UPAY_TABLE_ORDER_STATUS, 0);
    for (table, _) in TABLES {
        codes(*table);
    }
    assert_eq!(first, upay_code_at(UPAY_TABLE_ORDER_STATUS, 0));
    // SAFETY: both texts end with a NUL.
    let zh = || unsafe { upay_code_text(UPAY_TABLE_ORDER_STATUS, c"PAID".as_ptr(), c"zh".as_ptr()) };
    assert_eq!(zh(), zh());
}
