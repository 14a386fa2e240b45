use super::*;
use crate::Writer;

fn reader(bytes: &[u8]) -> Reader {
    Reader::new(Bytes::copy_from_slice(bytes))
}

#[test]
fn variable_length_integers_survive_the_round_trip() {
    for value in [0, 1, 127, 128, 16383, 16384, u32::MAX] {
        let mut writer = Writer::new();
        writer.unsigned_varint(value);
        assert_eq!(Reader::new(writer.into_bytes()).unsigned_varint(), Ok(value));
    }
    for value in [0, -1, 1, i32::MIN, i32::MAX] {
        let mut writer = Writer::new();
        writer.varint(value);
        writer.varlong(i64::from(value) * i64::from(i32::MAX));
        let mut reader = Reader::new(writer.into_bytes());
        assert_eq!(reader.varint(), Ok(value));
        assert_eq!(reader.varlong(), Ok(i64::from(value) * i64::from(i32::MAX)));
        assert_eq!(reader.finish(), Ok(()));
    }
    let mut writer = Writer::new();
    writer.varlong(i64::MIN);
    assert_eq!(writer.len(), 10);
    assert_eq!(Reader::new(writer.into_bytes()).varlong(), Ok(i64::MIN));
}

#[test]
fn endless_and_overflowing_integers_are_refused() {
    assert_eq!(reader(&[0xff; 6]).unsigned_varint(), Err(DecodeError::Varint { at: 0 }));
    assert_eq!(reader(&[0xff, 0xff, 0xff, 0xff, 0x1f]).unsigned_varint(), Err(DecodeError::Varint { at: 0 }));
    assert_eq!(reader(&[0xff; 11]).varlong(), Err(DecodeError::Varint { at: 0 }));
    let truncated = DecodeError::Truncated { at: 1, needed: 1, left: 0 };
    assert_eq!(reader(&[0x80]).unsigned_varint(), Err(truncated));
}

#[test]
fn an_array_never_claims_more_than_the_bytes_can_hold() {
    let mut claims_two_billion = reader(&[0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
    let error = DecodeError::ArrayTooLong { at: 4, count: 0x7fff_ffff, left: 4 };
    assert_eq!(claims_two_billion.array(false, 1, Reader::i8), Err(error));
}

#[test]
fn memory_is_paid_for_before_it_is_taken() {
    let bytes = Bytes::from_static(&[9, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut poor = Reader::with_budget(bytes.clone(), DecodeBudget::new(7));
    let error = DecodeError::BudgetExceeded { needed: 8, left: 7 };
    assert_eq!(poor.array(true, 1, Reader::i8), Err(error));
    let mut rich = Reader::with_budget(bytes, DecodeBudget::new(8));
    assert_eq!(rich.array(true, 1, Reader::i8).map(|items| items.len()), Ok(8));
    assert_eq!(rich.budget().left(), 0);
}

#[test]
fn byte_fields_share_the_input() {
    let input = Bytes::from(vec![0, 0, 0, 3, 7, 8, 9]);
    let start = input.as_ptr();
    let value = Reader::new(input).bytes(false).expect("three bytes");
    assert_eq!(&value[..], [7, 8, 9]);
    assert_eq!(value.as_ptr(), start.wrapping_add(4));
}

#[test]
fn null_is_refused_where_the_version_has_none() {
    assert_eq!(reader(&[0]).nullable_string(true, true), Ok(None));
    assert_eq!(reader(&[0]).nullable_string(true, false), Err(DecodeError::UnexpectedNull { at: 1 }));
    assert_eq!(reader(&[0xff, 0xff]).string(false), Err(DecodeError::UnexpectedNull { at: 2 }));
}

#[test]
fn malformed_text_is_replaced_as_kafka_does() {
    assert_eq!(reader(&[4, b'a', 0xff, b'b']).string(true), Ok("a\u{fffd}b".to_owned()));
}

#[test]
fn tagged_fields_must_ascend() {
    let fields = reader(&[2, 1, 1, 42, 3, 0]).unknown_tagged_fields().expect("ascending");
    let listed: Vec<_> = fields.iter().collect();
    assert_eq!(listed, [(1, Bytes::from_static(&[42])), (3, Bytes::new())]);
    let error = DecodeError::TagOrder { at: 5, tag: 1 };
    assert_eq!(reader(&[2, 1, 0, 1, 0]).unknown_tagged_fields(), Err(error));
}

#[test]
fn a_string_is_not_longer_than_others_can_carry_on() {
    let flexible = |bytes: &[u8]| {
        let length = bytes.len() as u32 + 1;
        let mut input = vec![length as u8 | 0x80, (length >> 7) as u8 | 0x80, (length >> 14) as u8];
        input.extend(bytes);
        Reader::new(Bytes::from(input)).string(true)
    };
    assert_eq!(flexible(&[b'a'; 32_767]).expect("as long as may be").len(), 32_767);
    assert_eq!(flexible(&[b'a'; 32_768]), Err(DecodeError::StringTooLong { at: 3, length: 32_768 }));
    // What is no UTF-8 takes three bytes instead of one.
    assert_eq!(flexible(&[0xff; 16_000]), Err(DecodeError::StringTooLong { at: 3, length: 48_000 }));
}
