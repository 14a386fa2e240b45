//! What a command found out, before it is laid out: objects keep the order of their fields.

/// Text, number, list or object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    pub(crate) fn object<const N: usize>(fields: [(&str, Value); N]) -> Self {
        Self::Object(fields.map(|(key, value)| (key.to_owned(), value)).into())
    }

    pub(crate) fn list<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(T::into).collect())
    }

    /// The value at a path such as `leader` or `configs.retention.ms`: a field's name may contain dots itself.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        let exact = fields.iter().find(|(key, _)| key == path).map(|(_, value)| value);
        exact.or_else(|| {
            fields.iter().find_map(|(key, value)| {
                let rest = path.strip_prefix(key.as_str())?.strip_prefix('.')?;
                value.at(rest)
            })
        })
    }

    /// The names of an object's fields.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let fields = if let Self::Object(fields) = self { fields.as_slice() } else { &[] };
        fields.iter().map(|(key, _)| key.as_str())
    }

    pub(crate) fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// In a cell or a sentence: lists with commas, fields with `=`, nothing as nothing.
    pub(crate) fn plain(&self) -> String {
        let joined = |texts: Vec<String>| texts.join(",");
        match self {
            Self::Null => String::new(),
            Self::Bool(flag) => flag.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(items) => joined(items.iter().map(Self::plain).collect()),
            Self::Object(fields) => {
                joined(fields.iter().map(|(key, value)| format!("{key}={}", value.plain())).collect())
            }
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Integer(_) | Self::Float(_))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(maybe: Option<T>) -> Self {
        maybe.map_or(Self::Null, T::into)
    }
}

impl From<types::NodeId> for Value {
    fn from(node: types::NodeId) -> Self {
        node.0.into()
    }
}
