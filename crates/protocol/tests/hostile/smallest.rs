//! The smallest legal bodies in which one array is as long as one likes.
//!
//! They are what memory is cheapest to waste with: every element takes its minimum on the wire and its full size in memory.

use protocol_generator::{Field, Message as Schema, Struct, Type};

/// The number of arrays of structs or values that a message has at `version`, at any depth.
pub fn arrays(schema: &Schema, version: i16) -> usize {
    let mut body = Body { schema, version, long: usize::MAX, count: 0, met: 0 };
    body.structure(schema.find(&schema.name));
    body.met
}

/// The smallest body in which the `long`-th array has `count` elements, those around it one and all others none.
pub fn with_long_array(schema: &Schema, version: i16, long: usize, count: usize) -> Vec<u8> {
    Body { schema, version, long, count, met: 0 }.structure(schema.find(&schema.name)).bytes
}

struct Body<'a> {
    schema: &'a Schema,
    version: i16,
    long: usize,
    count: usize,
    /// Arrays met so far.
    met: usize,
}

/// An encoded part, and whether the long array lies in it.
struct Part {
    bytes: Vec<u8>,
    has_it: bool,
}

impl Body<'_> {
    fn structure(&mut self, found: &Struct) -> Part {
        let mut whole = Part { bytes: Vec::new(), has_it: false };
        let (mut tagged, version) = (None, self.version);
        for field in found.fields.iter().filter(|field| field.versions.contains(version)) {
            let part = self.field(field);
            whole.has_it |= part.has_it;
            match field.tag {
                None => whole.bytes.extend(part.bytes),
                Some(tag) if part.has_it => tagged = Some((tag, part.bytes)),
                Some(_) => {}
            }
        }
        if self.schema.is_flexible(self.version) {
            match tagged {
                None => whole.bytes.push(0),
                Some((tag, bytes)) => {
                    whole.bytes.push(1);
                    varint(&mut whole.bytes, tag as usize);
                    varint(&mut whole.bytes, bytes.len());
                    whole.bytes.extend(bytes);
                }
            }
        }
        whole
    }

    fn field(&mut self, field: &Field) -> Part {
        let nullable = field.nullable.is_some_and(|versions| versions.contains(self.version));
        let mut part = self.value(&field.ty, field.rigid);
        if let (Type::Struct(_), true) = (&field.ty, nullable) {
            part.bytes.insert(0, 1);
        }
        part
    }

    fn value(&mut self, ty: &Type, rigid: bool) -> Part {
        let flexible = self.schema.is_flexible(self.version) && !rigid;
        match ty {
            Type::Struct(name) => self.structure(self.schema.find(name)),
            Type::Array(element) => self.array(element, flexible),
            Type::String | Type::Bytes | Type::Records if flexible => Part { bytes: vec![1], has_it: false },
            scalar => Part { bytes: vec![0; scalar.minimum_size(flexible)], has_it: false },
        }
    }

    fn array(&mut self, element: &Type, flexible: bool) -> Part {
        let is_it = self.met == self.long;
        self.met += 1;
        let part = self.value(element, false);
        let count = if is_it { self.count } else { usize::from(part.has_it) };
        let mut bytes = Vec::new();
        if flexible {
            varint(&mut bytes, count + 1)
        } else {
            bytes.extend((count as i32).to_be_bytes())
        }
        bytes.extend(part.bytes.repeat(count));
        Part { bytes, has_it: is_it || part.has_it }
    }
}

fn varint(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
