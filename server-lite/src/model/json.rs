//! Reading JSON of a stranger: no more values than somebody could have a use for.
//!
//! A megabyte of `[0,0,0,…]` is half a million values of 32 bytes each, and objects are dearer still. So they are counted
//! while they are read, and reading ends at the first that is too many.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads `text` if it holds at most `values` values, those inside others included.
///
/// # Errors
/// What is wrong with the text; that it has too many values is one of these.
pub fn parse_bounded(text: &str, values: usize) -> Result<Value, serde_json::Error> {
    let left = Cell::new(values);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Counted(&left).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// One value, counted.
#[derive(Clone, Copy)]
struct Counted<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        match self.0.get().checked_sub(1) {
            Some(left) => self.0.set(left),
            None => return Err(D::Error::custom("too many values")),
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counted<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            let value = from.next_value_seed(self)?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_with_those_inside_others() {
        let text = r#"{"a":[1,-2,0.5,"x",null,true],"b":{}}"#;
        assert_eq!(parse_bounded(text, 9).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        assert!(parse_bounded(text, 8).unwrap_err().to_string().contains("too many values"));
        let zeros = format!("[{}0]", "0,".repeat(1_000_000));
        assert!(parse_bounded(&zeros, 1000).is_err());
    }

    #[test]
    fn what_is_no_json_is_refused_as_before() {
        for text in ["", "{", "[1] x", "{\"a\":}", "\"\\ud800\"", "nul", &"[".repeat(100_000)] {
            assert!(parse_bounded(text, 1_000_000).is_err(), "{}", &text[..text.len().min(20)]);
        }
    }

    #[test]
    fn it_reads_what_serde_reads() {
        for text in [
            "null",
            " 1 ",
            "-0",
            "1e400",
            "18446744073709551616",
            "9007199254740993",
            "0.1",
            "\"\\u00e4\\n\"",
            "[]",
            "{}",
            r#"{"a":1,"a":2}"#,
            r#"{"":[{"":[]}]}"#,
            "[1,]",
            "tru",
            "\u{feff}1",
            "1 2",
            r#"{1:2}"#,
            "\"a\nb\"",
        ] {
            let plain = serde_json::from_str::<Value>(text).ok();
            assert_eq!(parse_bounded(text, 1000).ok(), plain, "{text}");
        }
    }
}
