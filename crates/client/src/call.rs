//! Which response belongs to which request.

use protocol::Message;
use protocol::messages::api_versions_request::ApiVersionsRequest;
use protocol::messages::api_versions_response::ApiVersionsResponse;
use protocol::messages::create_topics_request::CreateTopicsRequest;
use protocol::messages::create_topics_response::CreateTopicsResponse;
use protocol::messages::fetch_request::FetchRequest;
use protocol::messages::fetch_response::FetchResponse;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::list_offsets_request::ListOffsetsRequest;
use protocol::messages::list_offsets_response::ListOffsetsResponse;
use protocol::messages::metadata_request::MetadataRequest;
use protocol::messages::metadata_response::MetadataResponse;
use protocol::messages::produce_request::ProduceRequest;
use protocol::messages::produce_response::ProduceResponse;

/// A request that this client sends.
pub(crate) trait Call: Message + Send + Sync {
    /// What is answered to it.
    type Answer: Message + Send;
    /// The API's number.
    const API_KEY: i16;
    /// The API's name in errors.
    const API: &'static str;
}

macro_rules! calls {
    ($($api:literal: $request:ident -> $answer:ident),+ $(,)?) => {
        $(impl Call for $request {
            type Answer = $answer;
            const API_KEY: i16 = $request::API_KEY;
            const API: &'static str = $api;
        })+
    };
}

calls! {
    "Produce": ProduceRequest -> ProduceResponse,
    "Fetch": FetchRequest -> FetchResponse,
    "ListOffsets": ListOffsetsRequest -> ListOffsetsResponse,
    "Metadata": MetadataRequest -> MetadataResponse,
    "ApiVersions": ApiVersionsRequest -> ApiVersionsResponse,
    "CreateTopics": CreateTopicsRequest -> CreateTopicsResponse,
    "InitProducerId": InitProducerIdRequest -> InitProducerIdResponse,
}
