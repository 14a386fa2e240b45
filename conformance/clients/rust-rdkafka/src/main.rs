//! rust-rdkafka: the scenarios' verbs (../README.md).

mod admin;
mod consume;
mod load;
mod member;
mod produce;
mod speech;
mod transactions;

fn main() {
    let told = speech::parameters();
    match std::env::args().nth(1).as_deref() {
        Some("produce") => produce::run(&told),
        Some("consume") => consume::run(&told),
        Some("member") => member::run(&told),
        Some("admin") => admin::run(&told),
        Some("transact") => transactions::transact(&told),
        Some("copy") => transactions::copy(&told),
        Some("produce-load") => load::produce(&told),
        Some("consume-load") => load::consume(&told),
        verb => panic!("no such verb: {verb:?}"),
    }
}
