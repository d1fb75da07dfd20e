//! Keys of Amazon's shared credentials file.

use std::path::PathBuf;

use super::Secret;
use crate::{Error, Result};

/// The keys of a profile.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) key_id: Secret,
    pub(crate) secret_key: Secret,
    pub(crate) session_token: Option<Secret>,
}

/// The keys of a profile, of `$AWS_PROFILE` or of `default`. Without a name, keys in the
/// environment go before the file, and a file that is not there is none.
pub(crate) fn find(name: Option<&str>) -> Result<Option<Profile>> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if name.is_none() && variable("AWS_ACCESS_KEY_ID").is_some() {
        return Ok(None);
    }
    let named = name.map(str::to_owned).or_else(|| variable("AWS_PROFILE"));
    let path = variable("AWS_SHARED_CREDENTIALS_FILE")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".aws/credentials")));
    let text = path.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    let wanted = named.as_deref().unwrap_or("default");
    let found = text.map(zeroize::Zeroizing::new).and_then(|text| parse(&text, wanted));
    match (found, named) {
        (None, Some(named)) => Err(Error::Setting {
            setting: "aws".to_owned(),
            reason: format!("the shared credentials file has no keys for the profile `{named}`"),
        }),
        (found, _) => Ok(found),
    }
}

fn parse(text: &str, wanted: &str) -> Option<Profile> {
    let (mut is_wanted, mut id, mut key, mut token) = (false, None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            is_wanted = name.trim() == wanted;
        } else if let (true, Some((name, value))) = (is_wanted, line.split_once('=')) {
            let value = Some(Secret::new(value.trim()));
            match name.trim() {
                "aws_access_key_id" => id = value,
                "aws_secret_access_key" => key = value,
                "aws_session_token" => token = value,
                _ => {}
            }
        }
    }
    Some(Profile { key_id: id?, secret_key: key?, session_token: token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_a_shared_file() {
        let text = "# keys\n[default]\naws_access_key_id = AKIA1\naws_secret_access_key=a=b\n\
                    [other]\naws_access_key_id=AKIA2\n[third]\naws_access_key_id = AKIA3\n\
                    aws_secret_access_key = c\naws_session_token = t\nregion = eu-west-1\n";
        let keys = |name| {
            let profile = parse(text, name)?;
            let token = profile.session_token.map(|token| token.expose().to_owned());
            let pair = (profile.key_id.expose().to_owned(), profile.secret_key.expose().to_owned());
            Some((pair.0, pair.1, token))
        };
        assert_eq!(keys("default"), Some(("AKIA1".to_owned(), "a=b".to_owned(), None)));
        assert_eq!(keys("third").unwrap().2.as_deref(), Some("t"));
        assert_eq!((keys("other"), keys("none")), (None, None));
    }
}
