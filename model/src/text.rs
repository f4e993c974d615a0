//! Server text made safe to show: control characters neutralised, length bounded.

/// `bytes` as text of at most `characters_max` characters: what is not printable stands as an escape,
/// and an ellipsis says that there was more.
pub fn shown(bytes: &[u8], characters_max: usize) -> String {
    let mut text = String::new();
    for (count, character) in String::from_utf8_lossy(bytes).chars().enumerate() {
        if count == characters_max {
            text.push('…');
            break;
        }
        if is_unsafe(character) {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}

/// Whether a terminal or a reader could be led astray by the character: controls, bidirectional
/// overrides (Unicode TR 36) and invisible format characters.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_and_overrides_are_escaped_and_length_is_bounded() {
        assert_eq!(shown(b"a\x1b[31mb\n", 80), "a\\u{1b}[31mb\\n");
        assert_eq!(shown("a\u{202e}b".as_bytes(), 80), "a\\u{202e}b");
        assert_eq!(shown(b"abcdef", 3), "abc…");
        assert_eq!(shown("é".as_bytes(), 3), "é");
    }
}
