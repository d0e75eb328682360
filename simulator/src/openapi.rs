//! The description of the service. It follows the settings, so it is put together for each
//! request; the schemas come from what is really serialised.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::link::Link;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{AdditionalProperties, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ArrayBuilder, ComponentsBuilder, ContentBuilder, InfoBuilder, KnownFormat, ObjectBuilder,
    OpenApiBuilder, Paths, Ref, RefOr, Required, SchemaFormat,
};

use crate::flow::{FlowVersion, ShownStep, StepTransition};
use crate::routes::flow_body::FlowBody;
use crate::routes::reply::{FieldError, HttpError, HttpValidationError};
use crate::routes::table::Call;
use crate::session::body::{SessionBody, StepRunBody};
use crate::settings::{AnswersWith, CreateBody, Method, Settings};

pub(crate) fn describe(settings: &Settings) -> String {
    let (add, cancel) = (&settings.add_user_input, &settings.cancel_session);
    let sessions = "/live_flows/{live_flow_id}/sessions/";
    let mut paths = Paths::new();
    let mut put = |path: &str, method: HttpMethod, operation: OperationBuilder| {
        paths.add_path_operation(path, vec![method], operation);
    };
    put("/live_flows/", HttpMethod::Get, get_live_flows());
    put(
        "/live_flows/{live_flow_id}/",
        HttpMethod::Get,
        with_ids(operation(Call::GetLiveFlow, "One flow"), false)
            .response("200", json("The flow", reference("LiveFlow"))),
    );
    put(sessions, HttpMethod::Post, create_session(settings));
    put(
        sessions,
        HttpMethod::Get,
        with_ids(operation(Call::GetSessions, "All sessions of a flow, oldest first"), false)
            .parameter(query("limit", "At most so many", 1))
            .parameter(query("offset", "Without the first so many", 0))
            .response(
                "200",
                json("The sessions", ArrayBuilder::new().items(reference("Session")).into()),
            ),
    );
    put(
        "/live_flows/{live_flow_id}/sessions/{session_id}/",
        HttpMethod::Get,
        get_session(settings),
    );
    put(&add.path, http_method(add.method), add_user_input(settings));
    put(&cancel.path, http_method(cancel.method), cancel_session(settings));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Live Flow sessions, simulated")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("What the simulator answers with its present settings.")),
        )
        .paths(paths)
        .components(Some(components()))
        .build()
        .to_json()
        .unwrap_or_default()
}

fn components() -> utoipa::openapi::Components {
    let key = ApiKey::Header(ApiKeyValue::new("Api-key"));
    ComponentsBuilder::new()
        .schema_from::<SessionBody<'static>>()
        .schema_from::<StepRunBody<'static>>()
        .schema_from::<FlowVersion>()
        .schema_from::<ShownStep>()
        .schema_from::<StepTransition>()
        .schema_from::<FlowBody>()
        .schema_from::<FieldError>()
        .schema_from::<HttpError>()
        .schema_from::<HttpValidationError>()
        .security_scheme("api_key", SecurityScheme::ApiKey(key))
        .build()
}

fn get_live_flows() -> OperationBuilder {
    let flows = ArrayBuilder::new().items(reference("LiveFlow"));
    let mut found = json_builder("The flows", flows.into());
    for call in [Call::GetLiveFlow, Call::CreateSession, Call::GetSessions] {
        let link = Link::builder()
            .operation_id(call.name())
            .parameter("live_flow_id", "$response.body#/0/id");
        found = found.link(call.name(), link.build());
    }
    operation(Call::GetLiveFlows, "All flows").response("200", found.build())
}

fn create_session(settings: &Settings) -> OperationBuilder {
    let inputs =
        || ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true)));
    let body: Schema = match settings.create_session.body {
        CreateBody::Bare => inputs().into(),
        CreateBody::Wrapped => only("inputs", inputs().build().into()),
    };
    let mut created = json_builder("The new session", reference("Session"));
    for call in [Call::GetSession, Call::AddUserInput, Call::CancelSession] {
        let link = Link::builder()
            .operation_id(call.name())
            .parameter("live_flow_id", "$request.path.live_flow_id")
            .parameter("session_id", "$response.body#/id");
        created = created.link(call.name(), link.build());
    }
    with_ids(operation(Call::CreateSession, "Starts a session"), false)
        .request_body(Some(json_body(body)))
        .response(settings.create_session.status.to_string(), created.build())
}

fn get_session(settings: &Settings) -> OperationBuilder {
    let operation = with_ids(operation(Call::GetSession, "One session"), true);
    let session = json_builder("The session", reference("Session"));
    if !settings.etag {
        return operation.response("200", session.build());
    }
    let tag = || HeaderBuilder::new().schema(Some(string())).build();
    let known = ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .schema(Some(string()));
    operation
        .parameter(known)
        .response("200", session.header("ETag", tag()).build())
        .response("304", response("Not changed").header("ETag", tag()).build())
}

fn add_user_input(settings: &Settings) -> OperationBuilder {
    let settings = &settings.add_user_input;
    let input = if settings.json_answers {
        // Anything but null.
        Schema::AnyOf(
            [Type::String, Type::Number, Type::Boolean, Type::Object, Type::Array]
                .into_iter()
                .fold(utoipa::openapi::schema::AnyOfBuilder::new(), |any, each| {
                    any.item(ObjectBuilder::new().schema_type(each))
                })
                .build(),
        )
        .into()
    } else {
        string()
    };
    let operation = operation(Call::AddUserInput, "Answers the question a session waits with");
    let operation = with_ids(operation, true)
        .request_body(Some(json_body(only(&settings.member, input))))
        .response(settings.status.to_string(), written(settings.answers_with));
    refusal(operation, settings.not_waiting_status, "The session is not waiting for user input")
}

fn cancel_session(settings: &Settings) -> OperationBuilder {
    let settings = &settings.cancel_session;
    let operation = with_ids(operation(Call::CancelSession, "Ends a session at once"), true)
        .response(settings.status.to_string(), written(settings.answers_with));
    refusal(operation, settings.ended_status, "The session has already ended")
}

/// 404 and 422 are described for every call anyway.
fn refusal(operation: OperationBuilder, status: u16, description: &str) -> OperationBuilder {
    match status {
        200 | 404 | 422 => operation,
        status => operation.response(status.to_string(), json(description, reference("HTTPError"))),
    }
}

fn operation(call: Call, summary: &str) -> OperationBuilder {
    let refused = |description| json(description, reference("HTTPError"));
    OperationBuilder::new()
        .operation_id(Some(call.name()))
        .summary(Some(summary))
        .security(SecurityRequirement::new("api_key", Vec::<String>::new()))
        .response("401", refused("The key is missing or wrong"))
        .response("403", refused("Not a member of the organisation"))
}

fn with_ids(operation: OperationBuilder, session: bool) -> OperationBuilder {
    let either = utoipa::openapi::OneOfBuilder::new()
        .item(reference("HTTPValidationError"))
        .item(reference("HTTPError"));
    let mut operation = operation
        .parameter(id("live_flow_id"))
        .response("404", json("There is no such thing", reference("HTTPError")))
        .response("413", json("The body is too large", reference("HTTPError")))
        .response(
            "422",
            json("Something in the request is wrong", Schema::OneOf(either.build()).into()),
        );
    if session {
        operation = operation.parameter(id("session_id"));
    }
    operation
}

fn id(name: &str) -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .build()
}

fn query(name: &str, description: &str, least: usize) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least));
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn string() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).build().into()
}

/// An object with this member and no other.
fn only(name: &str, schema: RefOr<Schema>) -> Schema {
    ObjectBuilder::new()
        .property(name, schema)
        .required(name)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .into()
}

fn json_body(schema: Schema) -> utoipa::openapi::request_body::RequestBody {
    RequestBodyBuilder::new()
        .required(Some(Required::True))
        .content("application/json", ContentBuilder::new().schema(Some(schema)).build())
        .build()
}

fn written(with: AnswersWith) -> Response {
    match with {
        AnswersWith::Session => json("The session afterwards", reference("Session")),
        AnswersWith::Nothing => response("Done").build(),
    }
}

fn json(description: &str, schema: RefOr<Schema>) -> Response {
    json_builder(description, schema).build()
}

fn json_builder(description: &str, schema: RefOr<Schema>) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    response(description).content("application/json", content)
}

fn response(description: &str) -> ResponseBuilder {
    let id = HeaderBuilder::new().schema(Some(string())).build();
    ResponseBuilder::new().description(description).header("x-request-id", id)
}

fn reference(schema: &str) -> RefOr<Schema> {
    Ref::from_schema_name(schema).into()
}

fn http_method(method: Method) -> HttpMethod {
    match method {
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
        Method::Patch => HttpMethod::Patch,
        Method::Delete => HttpMethod::Delete,
    }
}
