//! The part of CQL2 that connectors' tests need: comparisons of properties, joined.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::item::Item;

/// Whether `item` meets a CQL2 JSON expression: `and`, `or`, `not`, `=`, `<>`, `<`, `<=`, `>`,
/// `>=`, `in`, `between` and `isNull` of a property and values.
pub(crate) fn matches(filter: &Value, item: &Item) -> Result<bool, String> {
    let operator = filter["op"].as_str().ok_or("a filter needs an `op`")?;
    let args = filter["args"].as_array().ok_or("a filter needs an array `args`")?;
    match (operator, args.as_slice()) {
        ("and", all) => {
            let met = all.iter().map(|arg| matches(arg, item)).collect::<Result<Vec<_>, _>>()?;
            Ok(met.into_iter().all(|met| met))
        }
        ("or", any) => {
            let met = any.iter().map(|arg| matches(arg, item)).collect::<Result<Vec<_>, _>>()?;
            Ok(met.into_iter().any(|met| met))
        }
        ("not", [arg]) => Ok(!matches(arg, item)?),
        ("isNull", [property]) => Ok(value(property, item)?.is_null()),
        ("in", [property, Value::Array(list)]) => {
            let property = value(property, item)?;
            Ok(list.iter().any(|entry| compare(property, entry) == Some(Ordering::Equal)))
        }
        ("between", [property, low, high]) => {
            let property = value(property, item)?;
            Ok(compare(property, low).is_some_and(Ordering::is_ge)
                && compare(property, high).is_some_and(Ordering::is_le))
        }
        (_, [property, literal]) => {
            let order = compare(value(property, item)?, literal);
            Ok(order.is_some_and(match operator {
                "=" | "eq" => Ordering::is_eq,
                "<>" => Ordering::is_ne,
                "<" => Ordering::is_lt,
                "<=" => Ordering::is_le,
                ">" => Ordering::is_gt,
                ">=" => Ordering::is_ge,
                _ => return Err(unsupported(operator)),
            }))
        }
        _ => Err(unsupported(operator)),
    }
}

/// CQL2 text of the form `property op value AND …` as CQL2 JSON; values are numbers or `'text'`.
pub(crate) fn parse_text(text: &str) -> Result<Value, String> {
    let terms = split_and(text).into_iter().map(parse_term).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"op": "and", "args": terms}))
}

fn parse_term(term: &str) -> Result<Value, String> {
    let wrong = || format!("`{term}`: this server reads `property op value AND …` only");
    for operator in ["<=", ">=", "<>", "=", "<", ">"] {
        if let Some((property, literal)) = term.split_once(operator) {
            let literal = literal.trim();
            let quoted = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            let literal = match quoted {
                Some(text) => Value::from(text.replace("''", "'")),
                None => literal.parse::<f64>().map_err(|_| wrong())?.into(),
            };
            let property = property.trim().trim_matches('"');
            return Ok(json!({"op": operator, "args": [{"property": property}, literal]}));
        }
    }
    Err(wrong())
}

fn split_and(text: &str) -> Vec<&str> {
    let lower = text.to_ascii_lowercase();
    let mut terms = Vec::new();
    let mut start = 0;
    for (at, separator) in lower.match_indices(" and ") {
        terms.push(text[start..at].trim());
        start = at + separator.len();
    }
    terms.push(text[start..].trim());
    terms
}

fn value<'a>(argument: &Value, item: &'a Item) -> Result<&'a Value, String> {
    let name = argument["property"].as_str().ok_or("the first of `args` is not a property")?;
    Ok(item.property(name))
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    let right = right.get("timestamp").unwrap_or(right);
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn unsupported(operator: &str) -> String {
    format!("the operator `{operator}` with these arguments is not supported by this server")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        let document = json!({"id": "a", "assets": {}, "geometry": null,
            "properties": {"eo:cloud_cover": 20.5, "platform": "landsat-8"}});
        Item::read(document, "c").unwrap()
    }

    #[test]
    fn comparisons_of_properties() {
        let cloud = json!({"property": "eo:cloud_cover"});
        let cases = [
            (json!({"op": "<", "args": [cloud, 30]}), true),
            (json!({"op": ">=", "args": [cloud, 30]}), false),
            (json!({"op": "between", "args": [cloud, 20, 21]}), true),
            (json!({"op": "in", "args": [{"property": "platform"}, ["landsat-8"]]}), true),
            (json!({"op": "isNull", "args": [{"property": "view:off_nadir"}]}), true),
            (json!({"op": "=", "args": [{"property": "absent"}, 1]}), false),
            (json!({"op": "not", "args": [{"op": "=", "args": [{"property": "id"}, "a"]}]}), false),
        ];
        for (filter, expected) in cases {
            assert_eq!(matches(&filter, &item()), Ok(expected), "{filter}");
        }
        assert!(matches(&json!({"op": "like", "args": [cloud, "x"]}), &item()).is_err());
    }

    #[test]
    fn text_becomes_json() {
        let filter = parse_text("eo:cloud_cover <= 20.5 AND platform = 'landsat-8'").unwrap();
        assert_eq!(matches(&filter, &item()), Ok(true));
        assert!(parse_text("casei(platform)").is_err());
    }
}
