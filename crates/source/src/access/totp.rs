//! Time-based one-time passwords (RFC 6238).

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;

use super::Secret;
use super::auth::{Totp, TotpAlgorithm};
use crate::{Error, Result};

/// One-time passwords, their key fetched.
#[derive(Debug)]
pub(crate) struct OneTime {
    pub(crate) parameter: String,
    key: hmac::Key,
    digits: u32,
    period: u64,
}

impl OneTime {
    pub(crate) fn fetch(totp: &Totp) -> Result<Self> {
        let wrong =
            |reason: &str| Error::Setting { setting: "totp".to_owned(), reason: reason.to_owned() };
        if !(6..=8).contains(&totp.digits) {
            return Err(wrong("a one-time password has 6 to 8 digits"));
        }
        if totp.period == 0 {
            return Err(wrong("its period is at least 1 second"));
        }
        let written: String = totp
            .secret
            .fetch()?
            .expose()
            .chars()
            .filter(|one| !one.is_whitespace() && !matches!(one, '-' | '='))
            .collect();
        let bytes = base32::decode(base32::Alphabet::Rfc4648 { padding: false }, &written)
            .filter(|bytes| !bytes.is_empty())
            .ok_or_else(|| wrong("its secret is not base32"))?;
        Ok(Self::new(&bytes, totp))
    }

    fn new(key: &[u8], totp: &Totp) -> Self {
        let algorithm = match totp.algorithm {
            TotpAlgorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            TotpAlgorithm::Sha256 => hmac::HMAC_SHA256,
            TotpAlgorithm::Sha512 => hmac::HMAC_SHA512,
        };
        Self {
            parameter: totp.parameter.clone(),
            key: hmac::Key::new(algorithm, key),
            digits: totp.digits,
            period: totp.period,
        }
    }

    /// The password of a moment, and which step of time it is.
    pub(crate) fn at(&self, now: SystemTime) -> (Secret, u64) {
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let step = seconds / self.period;
        let tag = hmac::sign(&self.key, &step.to_be_bytes());
        // Dynamic truncation, RFC 4226 section 5.3.
        let bytes = tag.as_ref();
        let start = usize::from(bytes[bytes.len() - 1] & 0xf);
        let number = bytes[start..start + 4].iter().fold(0u32, |n, byte| n << 8 | u32::from(*byte));
        let code = (number & 0x7fff_ffff) % 10u32.pow(self.digits);
        (Secret::new(format!("{code:0width$}", width = self.digits as usize)), step)
    }

    /// How long until the next password.
    pub(crate) fn until_next(&self, now: SystemTime) -> Duration {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let next = Duration::from_secs((since.as_secs() / self.period + 1) * self.period);
        next.saturating_sub(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_6238_appendix_b() {
        let seeds = [
            (TotpAlgorithm::Sha1, "12345678901234567890"),
            (TotpAlgorithm::Sha256, "12345678901234567890123456789012"),
            (
                TotpAlgorithm::Sha512,
                "1234567890123456789012345678901234567890123456789012345678901234",
            ),
        ];
        let rows = [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ];
        for (index, (algorithm, seed)) in seeds.into_iter().enumerate() {
            let reference = "env:X".parse().unwrap();
            let totp = Totp { digits: 8, algorithm, ..Totp::new(reference) };
            let one_time = OneTime::new(seed.as_bytes(), &totp);
            for (seconds, codes) in rows {
                let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
                let (code, step) = one_time.at(now);
                assert_eq!(code.expose(), codes[index], "{algorithm:?} at {seconds}");
                assert_eq!(step, seconds / 30);
                assert_eq!(one_time.until_next(now).as_secs(), 30 - seconds % 30);
            }
        }
    }
}
