use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::prelude::*;
use sea_orm::{Database, DatabaseConnection, IntoActiveModel, JoinType, QuerySelect};

use super::generated::sea_orm_active_enums::{Mood, MoodEnum2, Size, Value};
use super::generated::{
    eggs, hens, mod_table, mood_days, order_lines, people, self_table, spans, tasks, type_table,
};
use super::{TestDatabase, fixture};

async fn connect(database: &TestDatabase) -> DatabaseConnection {
    Database::connect(database.url()).await.unwrap()
}

/// A person with a value in each column.
fn person() -> people::Model {
    let moment = |text: &str| DateTimeWithTimeZone::parse_from_rfc3339(text).unwrap();
    let day: Date = "2026-02-03".parse().unwrap();
    let time: Time = "04:05:06".parse().unwrap();
    let decimal: Decimal = "12.50".parse().unwrap();
    let json: Json = r#"{"a": [1, null]}"#.parse().unwrap();
    people::Model {
        id: 0,
        email: "ada@example.org".to_owned(),
        nick: Some("ada".to_owned()),
        mood: Mood::SoSo,
        past_moods: vec![Mood::Happy, Mood::Value2ndBest, Mood::Value1],
        size: Some(Size::Xl),
        sizes: Some(vec![Size::S, Size::M]),
        other: Some(MoodEnum2::A),
        value: Some(Value::High),
        initial: Some("A".to_owned()),
        role: Some("admin".to_owned()),
        flag: Some(true),
        small: Some(-1),
        number: Some(2),
        score: Some(0.5),
        ratio: Some(0.25),
        amount: Some(decimal),
        quantity: Some("0.000000001".parse().unwrap()),
        code: Some("abc".to_owned()),
        photo: Some(vec![0, 255]),
        born: Some(day),
        wakes: Some(time),
        seen: Some(day.and_time(time)),
        joined: Some(moment("2026-02-03T04:05:06+02:00")),
        shift: Some("10:00:00+02".to_owned()),
        pause: Some("1 day 02:03:04".to_owned()),
        token: Some(Uuid::from_u128(7)),
        meta: Some(json.clone()),
        raw: Some(json.clone()),
        ip: Some("10.0.0.1".parse().unwrap()),
        net: Some("10.0.0.0/8".parse().unwrap()),
        card: Some("08:00:2b:01:02:03".to_owned()),
        bits: Some("101".to_owned()),
        awake: Some("empty".to_owned()),
        names: Some(vec!["a".to_owned(), "b, \"c\"".to_owned()]),
        codes: Some(vec!["x".to_owned()]),
        numbers: Some(vec![1, 2]),
        bigs: Some(vec![i64::MAX]),
        smalls: Some(vec![3]),
        flags: Some(vec![true, false]),
        floats: Some(vec![1.5]),
        ratios: Some(vec![2.5]),
        amounts: Some(vec![decimal]),
        tokens: Some(vec![Uuid::from_u128(8)]),
        days: Some(vec![day]),
        times: Some(vec![time]),
        stamps: Some(vec![day.and_time(time)]),
        moments: Some(vec![moment("2026-02-03T04:05:06Z")]),
        metas: Some(vec![json.clone()]),
        raws: Some(vec![json]),
        blobs: Some(vec![vec![1], vec![]]),
        ips: Some(vec!["::1".parse().unwrap()]),
        account: None,
    }
}

async fn insert_person(connection: &DatabaseConnection) -> people::Model {
    let row = people::ActiveModel { id: NotSet, ..person().into_active_model().reset_all() };
    row.insert(connection).await.unwrap()
}

#[tokio::test]
async fn a_value_of_each_type_comes_back_as_it_was_written() {
    let database = fixture().await;
    let connection = connect(&database).await;
    let inserted = insert_person(&connection).await;
    assert_eq!(inserted, people::Model { id: inserted.id, ..person() });
    let found = people::Entity::find_by_id(inserted.id).one(&connection).await.unwrap().unwrap();
    assert_eq!(found, inserted);

    let mut changed = found.into_active_model();
    changed.mood = Set(Mood::Happy);
    changed.past_moods = Set(vec![]);
    changed.pause = Set(Some("3 days".to_owned()));
    changed.role = Set(None);
    changed.size = Set(None);
    let changed = changed.update(&connection).await.unwrap();
    assert_eq!((changed.mood, changed.pause.as_deref(), changed.role), (Mood::Happy, Some("3 days"), None));
}

#[tokio::test]
async fn columns_of_each_kind_can_be_compared_with() {
    let database = fixture().await;
    let connection = connect(&database).await;
    insert_person(&connection).await;
    for filter in [
        people::Column::Mood.eq(Mood::SoSo),
        people::Column::Size.eq(Size::Xl),
        people::Column::Value.is_in([Value::High]),
        people::Column::Initial.eq("A"),
        people::Column::Role.eq("admin"),
        people::Column::Pause.eq("26:03:04"),
        people::Column::Bits.eq("101"),
        people::Column::Net.eq("10.0.0.0/8".parse::<IpNetwork>().unwrap()),
        people::Column::Numbers.eq(vec![1, 2]),
    ] {
        let found = people::Entity::find().filter(filter.clone()).count(&connection).await;
        assert_eq!(found.unwrap(), 1, "{filter:?}");
    }
    let by_key = people::Entity::find_by_email("ada@example.org").one(&connection).await.unwrap();
    assert!(by_key.is_some());
    assert!(people::Entity::find_by_nick("bob".to_owned()).one(&connection).await.unwrap().is_none());
}

#[tokio::test]
async fn odd_names_and_their_relations_are_usable() {
    let database = fixture().await;
    let connection = connect(&database).await;
    let person = insert_person(&connection).await;
    let line = order_lines::ActiveModel {
        order: Set(1),
        line_no: Set(2),
        r#type: Set(Some("a".to_owned())),
        type_2: Set(Some("b".to_owned())),
        self_column: Set(Some("c".to_owned())),
        column_2fa: Set(Some("d".to_owned())),
        größe: Set(Some("e".to_owned())),
        say_hi_x: Set(Some("f".to_owned())),
        seller: Set(person.id),
        ..Default::default()
    };
    let line = line.insert(&connection).await.unwrap();
    assert_eq!(line.say_hi_x.as_deref(), Some("f"));
    let by_key = order_lines::Entity::find_by_odd_key((Some("c".to_owned()), Some("d".to_owned())));
    assert_eq!(by_key.one(&connection).await.unwrap(), Some(line.clone()));
    let sold = order_lines::Entity::find()
        .join(JoinType::InnerJoin, order_lines::Relation::People1.def())
        .filter(people::Column::Email.eq("ada@example.org"));
    assert_eq!(sold.one(&connection).await.unwrap(), Some(line.clone()));

    let one = type_table::ActiveModel { order: Set(Some(1)), line_no: Set(Some(2)), ..Default::default() };
    let one = one.insert(&connection).await.unwrap();
    let found = type_table::Entity::find_by_id(one.id).find_also_related(order_lines::Entity);
    assert_eq!(found.one(&connection).await.unwrap(), Some((one.clone(), Some(line.clone()))));
    assert_eq!(line.find_related(type_table::Entity).all(&connection).await.unwrap(), [one]);

    let own = self_table::ActiveModel { id: Set("x".to_owned()), person: Set(Some(person.id)) };
    let own = own.insert(&connection).await.unwrap();
    assert_eq!(person.find_related(self_table::Entity).one(&connection).await.unwrap(), Some(own.clone()));
    let module =
        mod_table::ActiveModel { id: Set(Uuid::from_u128(1)), self_column: Set(Some("x".to_owned())) };
    let module = module.insert(&connection).await.unwrap();
    assert_eq!(own.find_related(mod_table::Entity).all(&connection).await.unwrap(), [module]);
}

#[tokio::test]
async fn keys_of_enums_and_of_text_forms_find_their_rows() {
    let database = fixture().await;
    let connection = connect(&database).await;
    let day: Date = "2026-02-03".parse().unwrap();
    let row = mood_days::ActiveModel { mood: Set(Mood::SoSo), day: Set(day), note: Set(None) };
    row.insert(&connection).await.unwrap();
    assert!(mood_days::Entity::find_by_id((Mood::SoSo, day)).one(&connection).await.unwrap().is_some());

    let row = spans::ActiveModel { span: Set("1 day".to_owned()), note: Set(Some("a".to_owned())) };
    row.insert(&connection).await.unwrap();
    let found = spans::Entity::find_by_id("24:00:00").one(&connection).await.unwrap().unwrap();
    assert_eq!(found.span, "1 day");
}

#[tokio::test]
async fn tables_that_lead_to_each_other_and_columns_added_by_hand_are_usable() {
    let database = fixture().await;
    let connection = connect(&database).await;
    hens::ActiveModel { id: Set(1), egg: Set(None) }.insert(&connection).await.unwrap();
    eggs::ActiveModel { id: Set(2), hen: Set(Some(1)) }.insert(&connection).await.unwrap();
    let hen = hens::ActiveModel { id: Set(1), egg: Set(Some(2)) }.update(&connection).await.unwrap();
    let egg = hen.find_related(eggs::Entity).one(&connection).await.unwrap().unwrap();
    assert_eq!(egg.find_related(hens::Entity).one(&connection).await.unwrap(), Some(hen));

    let task = tasks::ActiveModel {
        id: Set(Uuid::from_u128(9)),
        title: Set("Count hens".to_owned()),
        estimate: Set(Some("02:00:00".to_owned())),
        team_name: Set(Some("Farm".to_owned())),
        ..Default::default()
    };
    let task = task.insert(&connection).await.unwrap();
    assert_eq!((task.estimate.as_deref(), task.team_name.as_deref()), (Some("02:00:00"), Some("Farm")));
}
