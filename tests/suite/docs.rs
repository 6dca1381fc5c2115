//! The pages in `docs`: what they print works as printed, and their twins in Chinese say the same in code.

use std::collections::BTreeSet;
use std::fs;

use crate::bindings::root;

const TWIN: &str = ".zh-CN.md";
/// Pages about the inside of the library, in English alone.
const FOR_CONTRIBUTORS: &[&str] = &["architecture.md"];

/// A block of code on a page: what stands between two fences.
#[derive(Debug, PartialEq)]
pub struct Block {
    pub language: String,
    pub text: String,
}

/// The blocks of a page, such as "docs/c.md", from top to bottom.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    for line in fs::read_to_string(root().join(page)).unwrap().lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(language), false) => found.push(Block { language: language.to_owned(), text: String::new() }),
            (Some(_), true) => {}
            (None, true) => {
                let block = found.last_mut().expect("a block was begun");
                block.text += line;
                block.text += "\n";
            }
            (None, false) => continue,
        }
        inside = line.starts_with("```") != inside;
    }
    assert!(!inside, "{page}: a block has no end");
    assert!(!found.is_empty(), "{page}: there is no block");
    found
}

/// The page's blocks of one language.
pub fn snippets(page: &str, language: &str) -> Vec<String> {
    let wanted = blocks(page).into_iter().filter(|block| block.language == language);
    let found: Vec<String> = wanted.map(|block| block.text).collect();
    assert!(!found.is_empty(), "{page}: there is no block of {language}");
    found
}

/// The page talks to the simulator at its usual port; a test has one of its own.
pub fn at_gateway(snippet: &str, url: &str) -> String {
    let usual = format!("http://127.0.0.1:{}", crate::simulator::DEFAULT_PORT);
    assert!(snippet.contains(&usual), "no {usual} in\n{snippet}");
    snippet.replace(&usual, url)
}

#[test]
fn every_page_has_a_twin_in_chinese_with_the_same_code() {
    let names = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    let names: BTreeSet<String> = names.filter(|name| !FOR_CONTRIBUTORS.contains(&name.as_str())).collect();
    let (twins, pages): (BTreeSet<_>, BTreeSet<_>) =
        names.into_iter().filter(|name| name.ends_with(".md")).partition(|name| name.ends_with(TWIN));
    assert!(!pages.is_empty());
    assert_eq!(twins, pages.iter().map(|page| twin(page)).collect());
    for page in &pages {
        let code = |page: &str| blocks(&format!("docs/{page}")).into_iter().map(code_alone).collect::<Vec<_>>();
        assert_eq!(code(page), code(&twin(page)), "{page}");
    }
}

/// What the texts and the comments say is in the page's language; all else is the same.
fn code_alone(block: Block) -> Block {
    let line = |line: &str| {
        let without_text: String = line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
        let comment = ["#", "//", "/*"].into_iter().filter_map(|mark| without_text.find(mark)).min();
        without_text[..comment.unwrap_or(without_text.len())].trim_end().to_owned() + "\n"
    };
    Block { text: block.text.lines().map(line).collect(), ..block }
}

fn twin(page: &str) -> String {
    page.strip_suffix(".md").expect("a page").to_owned() + TWIN
}

/// Links inside the repository lead somewhere.
#[test]
fn every_link_leads_to_a_file() {
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let page = entry.unwrap().path();
        let text = fs::read_to_string(&page).unwrap();
        // Every other piece is code.
        let prose = text.split("```").step_by(2).collect::<String>();
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.contains("://")) {
            let file = target.split_once('#').map_or(target, |(file, _)| file);
            assert!(file.is_empty() || root().join("docs").join(file).exists(), "{page:?}: {target}");
        }
    }
}

#[cfg(target_os = "linux")]
mod programs {
    use std::fs;
    use std::process::Command;

    use super::{at_gateway, blocks, snippets};
    use crate::bindings::{is_there, said};
    use crate::host::gateway;
    use crate::install::Installed;
    use crate::skipped::not_installed;

    /// Compiles and runs the programs of a page as printed: the first by every line of the page that compiles `file`, and
    /// by its CMake project. What the page prints below a program is what the program prints.
    fn work_as_printed(page: &str, language: &str, file: &str, compiler: &str) {
        for tool in [compiler, "pkg-config"] {
            if !is_there(tool, "--version") {
                return not_installed(page, tool);
            }
        }
        let installed = Installed::new("lib");
        let directory = &installed.scratch.0;
        let gateway = gateway();
        let shell = snippets(page, "sh").concat();
        let lines: Vec<&str> = shell.lines().filter(|line| line.starts_with(compiler)).collect();
        assert_eq!(lines.len(), 3, "{page}: {lines:?}");
        let run = |mut program: Command, text: &str| {
            let printed = said(&mut program);
            assert!(text.is_empty() || text == printed, "{page} prints\n{text}and not\n{printed}");
        };

        let blocks = blocks(page);
        let programs: Vec<usize> = (0..blocks.len()).filter(|at| blocks[*at].language == language).collect();
        assert_eq!(programs.len(), 3, "{page}");
        for at in programs.iter().rev() {
            let below = blocks.get(at + 1).filter(|next| next.language == "text").map_or("", |next| &next.text);
            fs::write(directory.join(file), at_gateway(&blocks[*at].text, &gateway.url())).unwrap();
            for line in if *at == programs[0] { &lines[..] } else { &lines[..1] } {
                said(&mut installed.shell(line));
                run(installed.shell("./till"), below);
            }
        }

        if !is_there("cmake", "--version") {
            return not_installed(&format!("the CMake project of {page}"), "cmake");
        }
        // The first program stands there still.
        fs::write(directory.join("CMakeLists.txt"), &snippets(page, "cmake")[0]).unwrap();
        said(&mut installed.shell("cmake -S . -B build && cmake --build build"));
        run(installed.shell("build/till"), "");
    }

    #[test]
    fn the_page_for_c_works_as_printed() {
        work_as_printed("docs/c.md", "c", "till.c", "cc");
    }

    #[test]
    fn the_page_for_cpp_works_as_printed() {
        work_as_printed("docs/cpp.md", "cpp", "till.cpp", "c++");
    }
}
