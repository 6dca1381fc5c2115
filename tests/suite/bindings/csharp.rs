//! C#: what every language keeps, what C# adds, the page that tells of it, and the package. Compiled by Mono's mcs
//! against what .NET 4.0 and .NET 4.5 have; run by Mono, and by .NET Core (UPAY_TEST_DOTNET names its host, else it is
//! looked for in PATH).

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{has_the_numbers, is_there, joined, keeps_the_list, library, root, said};
use crate::docs::{at_gateway, snippets};
use crate::header::declared;
use crate::host::{gateway, Scratch};
use crate::skipped::{not_installed, skipped};

/// What the assembly is compiled against, and how that is said to mcs.
const NET40: (&str, &[&str]) = ("net40", &["-sdk:4.0-api", "-define:NET40"]);
const NET45: (&str, &[&str]) = ("net45", &["-sdk:4.5-api"]);

fn package() -> PathBuf {
    root().join("bindings/csharp")
}

fn sources(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(package().join(directory)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "cs")).collect();
    files.sort();
    assert!(!files.is_empty(), "{directory}");
    files
}

/// Compiles with all warnings as errors.
fn compile(options: &[&str], out: &Path, sources: &[PathBuf]) {
    let mut mcs = Command::new("mcs");
    mcs.args(["-warnaserror", "-langversion:7.2"]).args(options).arg(joined("-out:", out)).args(sources);
    said(&mut mcs);
}

/// The assembly and the tests of it, compiled once; `None` where there is no mcs.
fn built(target: (&str, &[&str])) -> Option<PathBuf> {
    static BUILT: [OnceLock<Option<PathBuf>>; 2] = [OnceLock::new(), OnceLock::new()];
    let (name, options) = target;
    let build = || {
        if !is_there("mcs", "--version") {
            return None;
        }
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("csharp").join(name);
        fs::create_dir_all(&directory).unwrap();
        let assembly = directory.join("Upay.dll");
        let documentation = joined("-doc:", &directory.join("Upay.xml")).into_string().unwrap();
        compile(&[options, &["-target:library", &documentation]].concat(), &assembly, &sources("src"));
        let reference = joined("-reference:", &assembly).into_string().unwrap();
        compile(&[options, &[&reference]].concat(), &directory.join("tests.exe"), &sources("tests"));
        Some(directory)
    };
    BUILT[usize::from(target == NET45)].get_or_init(build).clone()
}

/// What runs an assembly.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Runtime {
    Mono,
    DotNet,
}

impl Runtime {
    /// `None`, and said, where it is not installed.
    fn run(self, program: &Path, what: &str) -> Option<Command> {
        let tool = match self {
            Runtime::Mono => OsString::from("mono"),
            Runtime::DotNet => std::env::var_os("UPAY_TEST_DOTNET").unwrap_or_else(|| "dotnet".into()),
        };
        let mut command = Command::new(&tool);
        match self {
            Runtime::Mono if is_there("mono", "--version") => drop(command.arg("--debug")),
            Runtime::DotNet if command.arg("--list-runtimes").output().is_ok() => {
                command = Command::new(&tool);
                // A newer one will do; and it need not have the libraries of every country's habits.
                let wanted = r#"{"runtimeOptions": {"rollForward": "Major", "framework":
                    {"name": "Microsoft.NETCore.App", "version": "3.0.0"}}}"#;
                fs::write(program.with_extension("runtimeconfig.json"), wanted).unwrap();
                command.env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");
            }
            _ => {
                not_installed(&format!("C#, {what} on {self:?}"), &tool.to_string_lossy());
                return None;
            }
        }
        command.arg(program);
        Some(command)
    }
}

/// The tests' program; `None`, and said, where something is missing.
fn program(target: (&str, &[&str]), runtime: Runtime, what: &str) -> Option<Command> {
    let what = format!("{what}, {}", target.0);
    let Some(directory) = built(target) else {
        not_installed(&format!("C#, {what} on {runtime:?}"), "mcs");
        return None;
    };
    runtime.run(&directory.join("tests.exe"), &what)
}

fn keeps(target: (&str, &[&str]), runtime: Runtime) {
    if let Some(program) = program(target, runtime, "the list") {
        keeps_the_list(program);
    }
}

fn keeps_its_own(target: (&str, &[&str]), runtime: Runtime) {
    let Some(mut program) = program(target, runtime, "its own promises") else { return };
    let (gateway, scratch) = (gateway(), Scratch::new());
    fs::create_dir(&scratch.0).unwrap();
    program.env("UPAY_TEST_GATEWAY", gateway.url()).env("UPAY_LIBRARY", library()).env("UPAY_TEST_DIR", &scratch.0);
    let said = said(program.arg("own").env("UPAY_TEST_DATA", root().join("tests/data")));
    let written: String = sources("tests").iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let (_, own) = written.split_once("static class OwnPromises").unwrap();
    let promises = own.split("\n    /// <summary>").next().unwrap().matches("        public static void ").count();
    assert!(promises > 10 && said.lines().filter(|line| line.starts_with("ok ")).count() == promises, "{said}");
}

#[test]
fn keeps_what_every_language_keeps_on_mono() {
    keeps(NET45, Runtime::Mono);
}

#[test]
fn keeps_what_every_language_keeps_on_net_core() {
    keeps(NET45, Runtime::DotNet);
}

#[test]
fn keeps_what_every_language_keeps_as_compiled_for_net_4_0() {
    keeps(NET40, Runtime::Mono);
}

#[test]
fn keeps_its_own_promises_on_mono() {
    keeps_its_own(NET45, Runtime::Mono);
}

#[test]
fn keeps_its_own_promises_on_net_core() {
    keeps_its_own(NET45, Runtime::DotNet);
}

#[test]
fn keeps_its_own_promises_as_compiled_for_net_4_0() {
    keeps_its_own(NET40, Runtime::Mono);
}

#[test]
fn has_the_numbers_of_the_header() {
    if let Some(program) = program(NET45, Runtime::Mono, "the numbers") {
        has_the_numbers(program);
    }
}

#[test]
fn calls_every_function_of_the_header() {
    let bound = fs::read_to_string(package().join("src/Native.cs")).unwrap();
    let is_bound = |name: &str| bound.contains(&format!(" {};", name.strip_prefix("upay_").unwrap()));
    let missing: Vec<_> = declared().into_iter().filter(|name| !is_bound(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Shipped as the page says, with a file of another width in its way.
#[test]
fn finds_the_library_that_fits_beside_the_program() {
    let Some(directory) = built(NET45) else { return not_installed("C#, the search for the library", "mcs") };
    let Some(rid) = rid() else {
        return skipped("C#, the search for the library", "a package has no name for this machine");
    };
    for runtime in [Runtime::Mono, Runtime::DotNet] {
        let scratch = Scratch::new();
        let native = scratch.0.join("runtimes").join(rid).join("native");
        fs::create_dir_all(&native).unwrap();
        for file in ["tests.exe", "Upay.dll"] {
            fs::copy(directory.join(file), scratch.0.join(file)).unwrap();
        }
        let find = || {
            let mut command = runtime.run(&scratch.0.join("tests.exe"), "the search for the library")?;
            // Nowhere else than where the page says.
            command.arg("library").env_remove("UPAY_LIBRARY").env_remove("LD_LIBRARY_PATH").current_dir("/");
            Some(command)
        };
        let Some(mut nothing) = find() else { continue };
        let refused = |command: &mut Command| {
            let output = command.output().unwrap();
            assert!(!output.status.success());
            String::from_utf8_lossy(&output.stderr).into_owned()
        };
        let words = refused(&mut nothing);
        assert!(words.contains("UPAY_LIBRARY") && words.contains(native.to_str().unwrap()), "{words}");

        let other = scratch.0.join("libupay.so");
        fs::write(&other, b"\x7fELF\x01\x01\x01").unwrap();
        let words = refused(&mut find().unwrap());
        let why = "this process is 64-bit, and the file is a 32-bit library";
        assert!(words.contains(why) && words.contains(other.to_str().unwrap()), "{words}");

        fs::copy(library(), native.join("libupay.so")).unwrap();
        let found = said(&mut find().unwrap());
        assert!(found.starts_with(native.to_str().unwrap()), "{found}");
    }
}

/// What a package calls this machine.
fn rid() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("linux-x64"),
        ("linux", "aarch64") => Some("linux-arm64"),
        _ => None,
    }
}

/// The page's snippets, as they are printed, are one program; its twin has the same.
#[test]
fn does_what_its_page_says() {
    let Some(directory) = built(NET45) else { return not_installed("C#, the page", "mcs") };
    let reference = joined("-reference:", &directory.join("Upay.dll")).into_string().unwrap();
    for runtime in [Runtime::Mono, Runtime::DotNet] {
        // An activation code can be used once: each run has a simulator of its own.
        let (gateway, scratch) = (gateway(), Scratch::new());
        fs::create_dir(&scratch.0).unwrap();
        let source = scratch.0.join("page.cs");
        let snippets = snippets("docs/csharp.md", "csharp").join("\n");
        fs::write(&source, page_program(&at_gateway(&snippets, &gateway.url()))).unwrap();
        let program = directory.join("page.exe");
        compile(&[NET45.1, &[&reference]].concat(), &program, &[source]);
        let Some(mut command) = runtime.run(&program, "the page") else { continue };
        let printed = said(command.env("UPAY_LIBRARY", library()).current_dir(&scratch.0));
        for words in ["Hand over the goods", "Cancelled", "PARTIAL_REFUNDED", "total_amount", "the end"] {
            assert!(printed.contains(words), "{runtime:?}: {words} is not in\n{printed}");
        }
    }
}

/// What stands around a page's code in a till: usings go to the top, the rest is its main method.
fn page_program(snippets: &str) -> String {
    let (usings, code): (Vec<&str>, Vec<&str>) =
        snippets.lines().partition(|line| line.starts_with("using ") && line.ends_with(';') && !line.contains('('));
    let (usings, code) = (usings.join("\n"), code.join("\n"));
    format!(
        "{usings}\nstatic class Page {{\nstatic void Main() {{ Till().GetAwaiter().GetResult(); }}\n\
         static async Task Till() {{\n{code}\nConsole.WriteLine(\"the end\");\n}}\n}}\n"
    )
}

#[test]
fn packs_what_is_there_and_refuses_what_is_not() {
    if !is_there("python3", "--version") {
        return not_installed("C#, the package", "python3");
    }
    let (Some(net40), Some(net45)) = (built(NET40), built(NET45)) else {
        return not_installed("C#, the package", "mcs");
    };
    let scratch = Scratch::new();
    fs::create_dir(&scratch.0).unwrap();
    let Some(native) = rid() else { return skipped("C#, the package", "a package has no name for this machine") };
    let pack = |natives: &[(&str, &Path)]| {
        let mut command = Command::new("python3");
        command.arg(package().join("pack.py")).arg("--out").arg(&scratch.0);
        // mcs cannot compile for .NET Standard; here the place in the package is what counts.
        for (framework, directory) in [("net40", &net40), ("net45", &net45), ("netstandard2.0", &net45)] {
            command.arg("--assembly").arg(joined(&format!("{framework}="), directory));
        }
        for (rid, file) in natives {
            command.arg("--native").arg(joined(&format!("{rid}="), file));
        }
        command
    };
    let refused = |natives: &[(&str, &Path)], words: &str| {
        let output = pack(natives).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{said}");
    };
    let (ours, nowhere) = (library(), scratch.0.join("upay.dll"));
    refused(&[], "--native");
    refused(&[(native, &ours), ("win-x86", &nowhere)], "No such file");
    refused(&[("win-x86", &ours)], "needs PE 0x14c");
    refused(&[("beos-x86", &ours)], "beos-x86");
    let made = said(&mut pack(&[(native, &ours)]));
    let list = "import sys, zipfile, xml.etree.ElementTree as xml\n\
        package = zipfile.ZipFile(sys.argv[1])\n\
        texts = ('.nuspec', '.xml', '.rels', '.targets')\n\
        [xml.fromstring(package.read(name)) for name in package.namelist() if name.endswith(texts)]\n\
        print('\\n'.join(package.namelist()))";
    let names = said(Command::new("python3").args(["-c", list, made.trim()]));
    let library = format!("runtimes/{native}/native/libupay.so");
    for name in ["Upay.nuspec", "README.md", "lib/net40/Upay.dll", "lib/netstandard2.0/Upay.xml", &library] {
        assert!(names.lines().any(|line| line == name), "{name} is not in\n{names}");
    }
    // The SDK's package has the same files in the same places.
    let project = fs::read_to_string(package().join("Upay.csproj")).unwrap();
    for path in ["build/Upay.targets", "README.md", "src/*.cs", &format!("runtimes/{native}/native/")] {
        assert!(project.contains(path), "{path}");
    }
    assert!(names.contains("build/net40/Upay.targets") && project.contains("build/net40/"), "{names}");
}
