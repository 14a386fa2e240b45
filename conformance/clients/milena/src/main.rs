//! Milena's client library: the scenarios' verbs (../README.md).

mod admin;
mod cluster_admin;
mod consume;
mod copy;
mod load;
mod member;
mod produce;
mod speech;
mod transact;

#[tokio::main]
async fn main() {
    let told = speech::parameters();
    match std::env::args().nth(1).as_deref() {
        Some("produce") => produce::run(&told).await,
        Some("consume") => consume::run(&told).await,
        Some("admin") => admin::run(&told).await,
        Some("transact") => transact::run(&told).await,
        Some("copy") => copy::run(&told).await,
        Some("member") => member::run(&told).await,
        Some("produce-load") => load::produce(&told).await,
        Some("consume-load") => load::consume(&told).await,
        verb => panic!("no such verb: {verb:?}"),
    }
}
