//! A secret is used, and never shown.

use std::time::Duration;

use terracube_testbed::{Auth, Fault, FaultKind, Identity};

use crate::world::{Run, World};

const CANARY: &str = "c4n4ry-in-a-c04l-mine";

fn run(world: &World, args: &[&str], with_secret: bool) -> Run {
    let mut command = world.command(args);
    if with_secret {
        command.env("CANARY", CANARY);
    }
    let run = Run::of(command.output().unwrap());
    assert!(!run.stdout.contains(CANARY), "{}", run.stdout);
    assert!(!run.stderr.contains(CANARY), "{}", run.stderr);
    run
}

fn guarded() -> World {
    let world = World::with(|server| server.require("/files/", Auth::bearer(CANARY)));
    let config = format!(
        "[[providers]]\nname = \"archive\"\nhosts = [\"{}\"]\nallow_insecure = true\n\
         auth = {{ bearer = {{ token = \"env:CANARY\" }} }}\n",
        world.server.url()
    );
    world.write("config.toml", &config);
    world.create();
    world
}

#[test]
fn a_secret_opens_the_door_and_is_never_shown() {
    let world = guarded();
    let config = ["--config", "config.toml", "-vv"];
    for command in [
        &["cube", "plan", "cube.icechunk"][..],
        &["source", "search", "--store", "cube.icechunk", "--json"],
        &["cube", "fill", "cube.icechunk"],
        &["cube", "info", "cube.icechunk"],
        &["cube", "state", "cube.icechunk", "--json"],
    ] {
        let run = run(&world, &[&config[..], command].concat(), true);
        assert_eq!(run.code, Some(0), "{run:?}");
    }
    assert_eq!(world.counts(), [16, 0, 0, 0]);
    for entry in walk(&world.path("")) {
        let bytes = std::fs::read(&entry).unwrap();
        let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!found, "{}", entry.display());
    }
}

#[test]
fn a_token_that_expires_is_renewed_by_the_next_fill() {
    let world = guarded();
    world.server.set_latency(Duration::from_millis(5));
    let fill = ["--config", "config.toml", "cube", "fill", "cube.icechunk", "--jobs", "1"];
    let expired = FaultKind::Status { code: 401, retry_after: None };
    let failed = std::thread::scope(|scope| {
        scope.spawn(|| {
            while world.server.count("/files/") < 8 {
                std::thread::sleep(Duration::from_millis(1));
            }
            world.server.fault(Fault::on("/files/", expired));
        });
        run(&world, &fill, true)
    });
    failed.must_fail(3, &["401", "valid credentials"]);
    let [filled, empty, missing, failed] = world.counts();
    assert!(filled > 0 && failed > 0, "{filled} filled, {failed} failed");
    assert_eq!((filled + failed, empty, missing), (16, 0, 0));

    world.server.clear_faults();
    let again = run(&world, &[&fill[..], &["--retry-failed"]].concat(), true);
    assert!(again.stdout.contains(&format!("{failed} patches filled")), "{again:?}");
    assert_eq!(world.counts(), [16, 0, 0, 0]);
}

#[test]
fn without_the_secret_the_answer_says_what_is_missing() {
    let world = guarded();
    let config = ["--config", "config.toml"];
    let missing = run(&world, &[&config[..], &["cube", "fill", "cube.icechunk"]].concat(), false);
    missing.must_fail(1, &["env:CANARY", "not set"]);
    let none = run(&world, &["-v", "cube", "fill", "cube.icechunk"], true);
    none.must_fail(3, &["401"]);
    assert_eq!(world.counts(), [0, 0, 0, 16]);
}

#[test]
fn a_secret_written_down_is_refused_without_being_repeated() {
    let world = guarded();
    let text = std::fs::read_to_string(world.path("config.toml")).unwrap();
    world.write("config.toml", &text.replace("env:CANARY", CANARY));
    let args = ["--config", "config.toml", "cube", "fill", "cube.icechunk"];
    run(&world, &args, true).must_fail(1, &["config.toml", "line 5", "env:NAME"]);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn a_password_for_tokens_is_never_shown() {
    let identity = Identity::new("public").with_user("jane", CANARY);
    let world = World::with(|server| server.identity(identity).require("/files/", Auth::Issued));
    let config = format!(
        "token_folder = \"tokens\"\n\
         [[providers]]\nname = \"archive\"\nhosts = [\"{0}\"]\nallow_insecure = true\n\
         [providers.auth.oauth2]\ntoken_url = \"{0}/token\"\ngrant = \"password\"\n\
         client_id = \"public\"\nuser = \"env:USER_NAME\"\npassword = \"env:CANARY\"\n",
        world.server.url()
    );
    world.write("config.toml", &config);
    world.create();
    for command in [&["cube", "fill", "cube.icechunk"][..], &["cube", "state", "cube.icechunk"]] {
        let args = [&["--config", "config.toml", "-vv"][..], command].concat();
        let mut run = world.command(&args);
        let run = Run::of(run.env("CANARY", CANARY).env("USER_NAME", "jane").output().unwrap());
        assert_eq!(run.code, Some(0), "{run:?}");
        for secret in [CANARY, "token-1", "refresh-1"] {
            let shown = format!("{}{}", run.stdout, run.stderr);
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    assert_eq!(world.counts(), [16, 0, 0, 0]);
    // One token for all patches, kept for the next run, and without the password.
    assert_eq!(world.server.count("/token"), 1);
    for entry in walk(&world.path("")) {
        let bytes = std::fs::read(&entry).unwrap();
        let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let is_kept = entry.starts_with(world.path("tokens"));
        assert!(!has(CANARY) && (is_kept || !has("refresh-1")), "{}", entry.display());
    }
}
