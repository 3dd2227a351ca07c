//! `StringIndexOf` in linear time, from any start index.

use std::borrow::Cow;

use boa_engine::JsStr;
use boa_engine::string::JsStrVariant;

/// A text and what is looked for in it, brought to the same width.
pub(super) enum Search<'a> {
    Narrow(&'a [u8], Cow<'a, [u8]>),
    Wide(&'a [u16], Cow<'a, [u16]>),
    /// The text has narrow characters only, the needle has others.
    Hopeless,
}

impl<'a> Search<'a> {
    /// The needle must not be empty.
    pub(super) fn new(text: JsStr<'a>, needle: JsStr<'a>) -> Self {
        match (text.variant(), needle.variant()) {
            (JsStrVariant::Latin1(text), JsStrVariant::Latin1(needle)) => {
                Search::Narrow(text, Cow::Borrowed(needle))
            }
            (JsStrVariant::Utf16(text), JsStrVariant::Utf16(needle)) => {
                Search::Wide(text, Cow::Borrowed(needle))
            }
            (JsStrVariant::Utf16(text), JsStrVariant::Latin1(needle)) => {
                Search::Wide(text, needle.iter().map(|&unit| u16::from(unit)).collect())
            }
            (JsStrVariant::Latin1(text), JsStrVariant::Utf16(needle)) => {
                match needle.iter().map(|&unit| u8::try_from(unit)).collect::<Result<Vec<u8>, _>>() {
                    Ok(needle) => Search::Narrow(text, Cow::Owned(needle)),
                    Err(_) => Search::Hopeless,
                }
            }
        }
    }

    /// The first place at or after `from`.
    pub(super) fn first(&self, from: usize) -> Option<usize> {
        match self {
            Search::Narrow(text, needle) => first(text.get(from..)?, needle).map(|at| at + from),
            Search::Wide(text, needle) => first(text.get(from..)?, needle).map(|at| at + from),
            Search::Hopeless => None,
        }
    }

    /// The last place at or before `from`.
    pub(super) fn last(&self, from: usize) -> Option<usize> {
        match self {
            Search::Narrow(text, needle) => last(upto(text, from, needle.len()), needle),
            Search::Wide(text, needle) => last(upto(text, from, needle.len()), needle),
            Search::Hopeless => None,
        }
    }
}

fn upto<T>(text: &[T], from: usize, needle: usize) -> &[T] {
    &text[..from.saturating_add(needle).min(text.len())]
}

/// Units compared in vain per unit passed, before the method is changed.
const PATIENCE: usize = 8;

fn first<T: Copy + Eq>(text: &[T], needle: &[T]) -> Option<usize> {
    let (&head, rest) = needle.split_first()?;
    let last = text.len().checked_sub(needle.len())?;
    let (mut at, mut wasted) = (0, 0);
    while at <= last {
        at += text[at..=last].iter().position(|&unit| unit == head)?;
        let same = text[at + 1..].iter().zip(rest).take_while(|(a, b)| a == b).count();
        if same == rest.len() {
            return Some(at);
        }
        at += 1;
        wasted += same;
        if wasted > PATIENCE * at + needle.len() {
            return first_hard(&text[at..], needle).map(|found| found + at);
        }
    }
    None
}

fn last<T: Copy + Eq>(text: &[T], needle: &[T]) -> Option<usize> {
    let (&head, rest) = needle.split_first()?;
    let mut end = text.len().checked_sub(rest.len())?;
    let mut wasted = 0;
    while let Some(at) = text[..end].iter().rposition(|&unit| unit == head) {
        let same = text[at + 1..].iter().zip(rest).take_while(|(a, b)| a == b).count();
        if same == rest.len() {
            return Some(at);
        }
        end = at;
        wasted += same;
        if wasted > PATIENCE * (text.len() - end) + needle.len() {
            let text: Vec<T> = text[..(end + rest.len()).min(text.len())].iter().rev().copied().collect();
            let needle: Vec<T> = needle.iter().rev().copied().collect();
            return first_hard(&text, &needle).map(|found| text.len() - found - needle.len());
        }
    }
    None
}

/// Knuth, Morris and Pratt: never looks at a unit of the text twice, for texts made to hurt.
fn first_hard<T: Copy + Eq>(text: &[T], needle: &[T]) -> Option<usize> {
    let mut back = vec![0; needle.len()];
    let mut length = 0;
    for at in 1..needle.len() {
        while length > 0 && needle[at] != needle[length] {
            length = back[length - 1];
        }
        length += usize::from(needle[at] == needle[length]);
        back[at] = length;
    }
    let mut matched = 0;
    for (at, &unit) in text.iter().enumerate() {
        while matched > 0 && unit != needle[matched] {
            matched = back[matched - 1];
        }
        matched += usize::from(unit == needle[matched]);
        if matched == needle.len() {
            return Some(at + 1 - matched);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slow(text: &[u8], needle: &[u8]) -> Vec<usize> {
        (0..text.len()).filter(|&at| text[at..].starts_with(needle)).collect()
    }

    proptest! {
        #[test]
        fn finds_what_a_plain_loop_finds(
            text in proptest::collection::vec(0_u8..3, 0..200),
            needle in proptest::collection::vec(0_u8..3, 1..12),
        ) {
            let places = slow(&text, &needle);
            prop_assert_eq!(first(&text, &needle), places.first().copied());
            prop_assert_eq!(last(&text, &needle), places.last().copied());
            prop_assert_eq!(first_hard(&text, &needle), places.first().copied());
        }

        #[test]
        fn texts_made_to_hurt_are_searched_right(run in 1_usize..300, needle in 2_usize..60, end in 0_u8..2) {
            let mut text = vec![0_u8; run];
            text.extend([end; 1]);
            text.extend(vec![0_u8; run]);
            let mut wanted = vec![0_u8; needle];
            wanted[needle - 1] = 1;
            prop_assert_eq!(first(&text, &wanted), slow(&text, &wanted).first().copied());
            prop_assert_eq!(last(&text, &wanted), slow(&text, &wanted).last().copied());
            wanted.reverse();
            prop_assert_eq!(first(&text, &wanted), slow(&text, &wanted).first().copied());
            prop_assert_eq!(last(&text, &wanted), slow(&text, &wanted).last().copied());
        }
    }
}
