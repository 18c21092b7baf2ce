//! Asking for a password.
//!
//! A password is never taken from the command line, where other users of the machine and the
//! shell's history would see it.

use std::io::{BufRead, IsTerminal};

use crate::failure::Failure;

/// Longest password read from standard input, in bytes.
const LONGEST: u64 = 4096;

/// A new password: asked for twice at a terminal, else one line of standard input.
pub(crate) fn ask_new(account: &str) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return read_line(stdin.lock());
    }
    let prompt = |text: String| {
        rpassword::prompt_password(text)
            .map_err(|e| Failure::Failed(format!("cannot read the password: {e}")))
    };
    let first = checked(prompt(format!("New password for {account}: "))?)?;
    if prompt("The same again: ".to_owned())? == first {
        Ok(first)
    } else {
        Err(Failure::Failed("the two passwords differ: nothing was changed, try again".to_owned()))
    }
}

/// The first line of `input` without its line break.
fn read_line(input: impl BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    input
        .take(LONGEST)
        .read_line(&mut line)
        .map_err(|e| Failure::Failed(format!("cannot read the password: {e}")))?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    checked(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn checked(password: String) -> Result<String, Failure> {
    if password.is_empty() {
        return Err(Failure::Failed(
            "the password is empty: type one, or give it as one line on standard input".to_owned(),
        ));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_read_and_blanks_in_it_are_kept() {
        assert_eq!(read_line(&b" a b \r\nnext"[..]).unwrap(), " a b ");
        assert_eq!(read_line(&b"without end"[..]).unwrap(), "without end");
    }

    #[test]
    fn no_password_is_refused() {
        assert!(matches!(read_line(&b""[..]), Err(Failure::Failed(_))));
        assert!(matches!(read_line(&b"\nsecond"[..]), Err(Failure::Failed(_))));
        assert!(matches!(read_line(&b"\xff\xfe\n"[..]), Err(Failure::Failed(_))));
    }
}
