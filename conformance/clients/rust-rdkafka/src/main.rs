//! rust-rdkafka: the scenarios' verbs (../README.md).

mod admin;
mod consume;
mod member;
mod produce;
mod speech;

fn main() {
    let told = speech::parameters();
    match std::env::args().nth(1).as_deref() {
        Some("produce") => produce::run(&told),
        Some("consume") => consume::run(&told),
        Some("member") => member::run(&told),
        Some("admin") => admin::run(&told),
        verb => panic!("no such verb: {verb:?}"),
    }
}
