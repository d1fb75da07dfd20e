//! `terracube convert`: datasets to what viewers read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use serde_json::json;
use terracube::convert::{
    Conversion, Converter, Converters, Dataset, Outcome as Converted, Parameters, Rules,
};
use tokio::task::JoinHandle;

use super::convert_rules;
use crate::args::{ConvertArgs, ConvertCommand, RulesArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::output;
use crate::view::View;

const BAR: &str = "{bar:32} {pos}/{len} inputs  {msg}";

/// One input with one set of parameters.
struct Task {
    input: PathBuf,
    /// The set's name, or the file's.
    parameters: String,
    /// What to do, or why it cannot be done.
    conversion: Result<Conversion, String>,
}

/// How tasks ended.
#[derive(Default)]
struct Tally {
    converted: usize,
    skipped: usize,
    failed: usize,
    /// Granules, and the inputs they are of.
    granules: HashMap<PathBuf, PathBuf>,
}

pub(crate) async fn run(context: &Context, args: ConvertArgs) -> Result<Outcome, Failure> {
    match &args.command {
        Some(ConvertCommand::List(args)) => return convert_rules::list(args),
        Some(ConvertCommand::Explain(args)) => return convert_rules::explain(args),
        None => {}
    }
    let converters = Arc::new(Converters::built_in()?);
    let converter = converters.get(&args.to)?;
    let tasks = tasks(converter, &args)?;
    let mut view = View::new(context, Some(tasks.len() as u64), BAR, args.json);
    let total = tasks.len();
    let mut tally = Tally::default();
    let jobs = args
        .jobs
        .map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let stop = Interrupt::listen().stop();
    let begun = stop.clone();
    let mut results = futures::stream::iter(tasks)
        .take_while(move |_| std::future::ready(!begun.is_stopped()))
        .map(|task| {
            let (converters, format, stop) = (converters.clone(), args.to.clone(), stop.clone());
            let task = Arc::new(task);
            let work = task.clone();
            let conversion = tokio::task::spawn_blocking(move || match &work.conversion {
                Ok(conversion) => converters
                    .get(&format)
                    .and_then(|converter| {
                        converter.convert_unless(conversion, &|| stop.is_stopped())
                    })
                    .map_err(|cause| cause.to_string()),
                Err(reason) => Err(reason.clone()),
            });
            async move { (task, ended(conversion).await) }
        })
        .buffer_unordered(jobs);
    while let Some((task, result)) = results.next().await {
        let result = tally.unless_repeated(&task, result);
        tally.show(&mut view, &task, result, args.json)?;
        let done = tally.converted + tally.skipped + tally.failed;
        let line = |text: &str| format!("{done}/{total} inputs  {text}");
        view.refresh(done as u64, tally.text(), line);
    }
    view.finish();
    if !args.json {
        context.note(&tally.text());
    }
    Ok(if stop.is_stopped() { Outcome::Stopped } else { tally.outcome() })
}

/// How a conversion ended. One that panicked has failed, and the others go on.
async fn ended(conversion: JoinHandle<Result<Converted, String>>) -> Result<Converted, String> {
    conversion.await.unwrap_or_else(|cause| Err(format!("internal error: {cause}")))
}

/// The rules of a converter, with those of files above them.
pub(crate) fn rules(converter: &dyn Converter, files: &RulesArgs) -> Result<Rules, Failure> {
    let mut rules = converter.rules().clone();
    for file in &files.files {
        rules = rules.with_file(file)?;
    }
    Ok(rules)
}

fn tasks(converter: &dyn Converter, args: &ConvertArgs) -> Result<Vec<Task>, Failure> {
    if args.id.is_some() && args.inputs.len() > 1 {
        return Err(Failure::usage("--id is of a single INPUT"));
    }
    let mut settings = Vec::new();
    for set in &args.set {
        let Some((key, value)) = set.split_once('=') else {
            return Err(Failure::usage(format!("--set {set}: it is not KEY=VALUE")));
        };
        settings.push((key.trim(), value.trim()));
    }
    let rules = rules(converter, &args.rules)?;
    let given = match &args.params {
        Some(file) => Some((file.display().to_string(), Parameters::read(file)?)),
        None if settings.iter().any(|(key, _)| *key == "reader") => {
            Some(("--set".to_owned(), Parameters::default()))
        }
        None => None,
    };
    let out = args.out.clone().unwrap_or_default();
    let task = |input: &Path, name: &str, parameters: &Parameters| {
        let mut parameters = parameters.clone();
        for (key, value) in &settings {
            parameters.set(key, value);
        }
        let (out, is_compat) = (out.clone(), args.compat);
        let conversion = Conversion { input: input.to_owned(), out, parameters, is_compat };
        Task { input: input.to_owned(), parameters: name.to_owned(), conversion: Ok(conversion) }
    };
    let mut tasks = Vec::new();
    for input in &args.inputs {
        if let Some((name, parameters)) = &given {
            tasks.push(task(input, name, parameters));
            continue;
        }
        let dataset = Dataset::at(input, args.id.as_deref());
        let chosen = rules.select(&dataset).and_then(|rule| Ok((rule, rule.inputs(&dataset)?)));
        match chosen {
            Ok((rule, files)) => {
                for name in &rule.parameters {
                    let parameters = rules.parameters(name)?;
                    tasks.extend(files.iter().map(|file| task(file, name, parameters)));
                }
            }
            Err(cause) => tasks.push(Task {
                input: input.clone(),
                parameters: String::new(),
                conversion: Err(cause.to_string()),
            }),
        }
    }
    Ok(tasks)
}

impl Tally {
    /// An error where a granule has the place of one of another input: only one of them is there.
    fn unless_repeated(
        &mut self,
        task: &Task,
        result: Result<Converted, String>,
    ) -> Result<Converted, String> {
        if let Ok(Converted::Converted(granules)) = &result {
            for granule in granules {
                if let Some(other) = self.granules.insert(granule.clone(), task.input.clone()) {
                    return Err(format!(
                        "its granule `{}` has the place of the one of `{}`, and one replaced the \
                         other: convert each to a folder of its own",
                        granule.display(),
                        other.display(),
                    ));
                }
            }
        }
        result
    }

    fn show(
        &mut self,
        view: &mut View,
        task: &Task,
        result: Result<Converted, String>,
        is_json: bool,
    ) -> Result<(), Failure> {
        let input = task.input.display().to_string();
        let mut shown = json!({"input": input, "parameters": task.parameters});
        match result {
            Ok(Converted::Converted(granules)) => {
                self.converted += 1;
                shown["status"] = json!("converted");
                shown["granules"] = json!(granules);
                if !is_json {
                    for granule in &granules {
                        output::line(&granule.display().to_string())?;
                    }
                }
            }
            Ok(Converted::Skipped(reason)) => {
                self.skipped += 1;
                view.say(&format!("skipped: {input}: {reason}"));
                shown["status"] = json!("skipped");
                shown["reason"] = json!(reason);
            }
            Err(reason) => {
                self.failed += 1;
                // Failures are said in every tone of voice.
                output::note(&format!("failed: {input}: {reason}"));
                shown["status"] = json!("failed");
                shown["reason"] = json!(reason);
            }
        }
        if is_json { output::json(&shown) } else { Ok(()) }
    }

    fn text(&self) -> String {
        let Self { converted, skipped, failed, .. } = self;
        format!("{converted} converted, {skipped} skipped, {failed} failed")
    }

    fn outcome(&self) -> Outcome {
        match (self.converted, self.skipped, self.failed) {
            (0, 0, 1..) => Outcome::Failed,
            (_, _, 1..) => Outcome::Partial,
            (0, 1.., 0) => Outcome::Nothing,
            _ => Outcome::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_conversion_that_panics_has_failed() {
        let conversion = tokio::task::spawn_blocking(|| -> Result<Converted, String> {
            panic!("out of bounds")
        });
        let reason = ended(conversion).await.unwrap_err();
        assert!(reason.starts_with("internal error: "), "{reason}");
        assert!(reason.contains("out of bounds"), "{reason}");
    }
}
