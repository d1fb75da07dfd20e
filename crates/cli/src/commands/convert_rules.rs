//! `terracube convert list` and `explain`: rules, and which one is for a dataset.

use std::path::Path;

use serde_json::{Map, Value, json};
use terracube::convert::{Converters, Dataset, Rule};

use super::convert::rules;
use crate::args::{ExplainArgs, ListArgs};
use crate::failure::{Failure, Outcome};
use crate::output;

pub(crate) fn list(args: &ListArgs) -> Result<Outcome, Failure> {
    let converters = Converters::built_in()?;
    let rules = rules(converters.get(&args.to)?, &args.rules)?;
    if args.json {
        let mut sets = Map::new();
        for name in rules.parameter_names() {
            let set = rules.parameters(name)?;
            let (input, output): (Map<_, _>, Map<_, _>) = (pairs(&set.input), pairs(&set.output));
            let set = json!({"reader": set.reader, "input": input, "output": output});
            sets.insert(name.to_owned(), set);
        }
        let all: Vec<&Rule> = rules.iter().collect();
        output::pretty(&json!({"format": args.to, "rules": all, "parameters": sets}))?;
        return Ok(Outcome::Done);
    }
    for rule in rules.iter() {
        output::line(&format!("{:>4}  {}: {}", rule.priority, rule.name, conditions(rule)?))?;
        output::line(&format!("      parameters: {}", rule.parameters.join(", ")))?;
    }
    Ok(Outcome::Done)
}

pub(crate) fn explain(args: &ExplainArgs) -> Result<Outcome, Failure> {
    let converters = Converters::built_in()?;
    let rules = rules(converters.get(&args.to)?, &args.rules)?;
    let path = Path::new(&args.dataset);
    let dataset = match &args.id {
        _ if path.exists() => Dataset::at(path, args.id.as_deref()),
        Some(id) => Dataset::named(id),
        None => Dataset::named(&args.dataset),
    };
    let chosen = rules.select(&dataset);
    let verdicts = rules.explain(&dataset);
    if args.json {
        let shown = |verdict: &terracube::convert::Verdict<'_>| {
            json!({
                "rule": verdict.rule.name,
                "priority": verdict.rule.priority,
                "matches": verdict.mismatch.is_none(),
                "reason": verdict.mismatch,
            })
        };
        output::pretty(&json!({
            "id": dataset.id,
            "chosen": chosen.as_ref().ok().map(|rule| &rule.name),
            "parameters": chosen.as_ref().ok().map(|rule| &rule.parameters),
            "rules": verdicts.iter().map(shown).collect::<Vec<_>>(),
        }))?;
        chosen?;
        return Ok(Outcome::Done);
    }
    for verdict in &verdicts {
        let rule = verdict.rule;
        match &verdict.mismatch {
            Some(reason) => output::line(&format!("no   {}: {reason}", rule.name))?,
            None => output::line(&format!("yes  {}: {}", rule.name, conditions(rule)?))?,
        }
        if chosen.as_ref().is_ok_and(|chosen| chosen.name == rule.name) {
            output::line(&format!("     parameters: {}", rule.parameters.join(", ")))?;
            break;
        }
    }
    chosen?;
    Ok(Outcome::Done)
}

fn pairs(options: &terracube::convert::Options) -> Map<String, Value> {
    options.iter().map(|(key, value)| (key.to_owned(), json!(value))).collect()
}

/// The conditions of a rule, as they are written in a file.
fn conditions(rule: &Rule) -> Result<String, Failure> {
    let Value::Object(all) = serde_json::to_value(rule)? else { return Ok(String::new()) };
    let is_condition = |key: &str| matches!(key, "id" | "platform" | "product" | "layout");
    let texts = all.iter().filter(|(key, _)| is_condition(key)).map(|(key, value)| {
        let Value::Object(kinds) = value else { return format!("{key} {value}") };
        let kinds = kinds.iter().map(|(kind, values)| {
            let values: Vec<&str> =
                values.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!("{kind} {}", values.join(" or "))
        });
        format!("{key} {}", kinds.collect::<Vec<_>>().join(" and "))
    });
    Ok(texts.collect::<Vec<_>>().join(", "))
}
