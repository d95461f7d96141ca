use PageId::{
    About, Affirmative, Cbt, Chooser, Compassion, Dbt, FindingCare, ForOthers, ForTeens, Group,
    HowTherapyHelps, IptA, Mbct, MbtA, OpeningUp, Psychodynamic, Questions, Therapies, Trauma,
    WhatItIs,
};

use super::{Locale, Packs, PageId};

/// What people ask in English, in their own words.
const ENGLISH: [(&str, PageId); 83] = [
    ("1", WhatItIs),
    ("one", WhatItIs),
    ("Two.", HowTherapyHelps),
    ("number twelve", Dbt),
    ("twenty", Group),
    ("12.", Dbt),
    ("#4", Questions),
    ("option 4", Questions),
    ("DBT", Dbt),
    ("what is dbt", Dbt),
    ("whats dbt??", Dbt),
    ("tell me about dbt pls", Dbt),
    ("dialectical behavior therapy", Dbt),
    ("dialetical behavioral therapy", Dbt),
    ("waht is dialetical therapy", Dbt),
    ("i have bpd what helps", Dbt),
    ("how do i control my emotions", Dbt),
    ("what is cbt?", Cbt),
    ("cognitive behavioral therapy", Cbt),
    ("congitive behavorial therapy", Cbt),
    ("therapy for negative thoughts", Cbt),
    ("mindfulness based cognitive therapy", Mbct),
    ("does meditation help", Mbct),
    ("mindfullness", Mbct),
    ("is there therapy for lgbtq people", Affirmative),
    ("im trans", Affirmative),
    ("teh lgbtq one", Affirmative),
    ("affirming therapy", Affirmative),
    ("compassion focused therapy", Compassion),
    ("compasion therapy", Compassion),
    ("i blame myself", Compassion),
    ("psychodynamic", Psychodynamic),
    ("what is psycho dynamic therapy", Psychodynamic),
    ("why am i like this", Psychodynamic),
    ("mbt-a", MbtA),
    ("mentalization", MbtA),
    ("mentalisation based therapy", MbtA),
    ("ipt-a", IptA),
    ("interpersonal therapy", IptA),
    ("interpersonal psychotherpy", IptA),
    ("EMDR", Trauma),
    ("is emdr any good", Trauma),
    ("whats good for trauma", Trauma),
    ("what is exposure therapy", Trauma),
    ("tf-cbt", Trauma),
    ("i get flashbacks", Trauma),
    ("group therapy", Group),
    ("are there support groups", Group),
    ("talk to others like me", Group),
    ("cbt or dbt", Therapies),
    ("what kinds of therapy are there", Therapies),
    ("types of therapy", Therapies),
    ("list of therapies", Therapies),
    ("which therapy is right for me", Chooser),
    ("which therapy is best for self harm", Chooser),
    ("help me choose", Chooser),
    ("idk which one", Chooser),
    ("what is self harm", WhatItIs),
    ("is self harm an illness", WhatItIs),
    ("why do people self harm", WhatItIs),
    ("how many people self harm", WhatItIs),
    ("how do i stop", HowTherapyHelps),
    ("does therapy work", HowTherapyHelps),
    ("how does therapy help", HowTherapyHelps),
    ("what is therapy like", HowTherapyHelps),
    ("what should i ask a therapist", Questions),
    ("questions for a therapist", Questions),
    ("how do i tell my mom", OpeningUp),
    ("how can i tell my parents", OpeningUp),
    ("scared to tell anyone", OpeningUp),
    ("how to talk to my therapist", OpeningUp),
    ("how do i find a therapist near me", FindingCare),
    ("i cant afford therapy", FindingCare),
    ("how much does therapy cost", FindingCare),
    ("i have no insurance", FindingCare),
    ("free therapy?", FindingCare),
    ("my daughter hurts herself", ForOthers),
    ("how can i support my friend", ForOthers),
    ("what do i say to my friend who self harms", ForOthers),
    ("is this private", About),
    ("who reads this", About),
    ("are you a robot?", About),
    ("do my parents have to know", ForTeens),
];

/// What people ask in Spanish, with accents and without.
const SPANISH: [(&str, PageId); 47] = [
    ("3", Therapies),
    ("uno", WhatItIs),
    ("tema dos", HowTherapyHelps),
    ("veinte", Group),
    ("opcion 12", Dbt),
    ("que es dbt", Dbt),
    ("\u{bf}Qu\u{e9} es la DBT?", Dbt),
    ("terapia dialectica", Dbt),
    ("como controlo mis emociones", Dbt),
    ("que es la tcc", Cbt),
    ("terapia cognitivo conductual", Cbt),
    ("terapia congnitiva", Cbt),
    ("tengo ansiedad", Cbt),
    ("mindfulness", Mbct),
    ("atencion plena", Mbct),
    ("soy gay", Affirmative),
    ("terapia afirmativa", Affirmative),
    ("compasion", Compassion),
    ("me culpo de todo", Compassion),
    ("psicoanalisis", Psychodynamic),
    ("terapia psicodinamica", Psychodynamic),
    ("mentalizacion", MbtA),
    ("terapia interpersonal", IptA),
    ("que sirve para el trauma", Trauma),
    ("emdr", Trauma),
    ("tengo pesadillas", Trauma),
    ("\u{bf}qu\u{e9} es la terapia de grupo?", Group),
    ("grupos de apoyo", Group),
    ("que tipos de terapia hay", Therapies),
    ("tcc o dbt", Therapies),
    ("cual terapia es para mi", Chooser),
    ("ayudame a elegir", Chooser),
    ("que es la autolesion", WhatItIs),
    ("es una enfermedad", WhatItIs),
    ("por que la gente se corta", WhatItIs),
    ("sirve la terapia", HowTherapyHelps),
    ("como es una sesion", HowTherapyHelps),
    ("que le pregunto al terapeuta", Questions),
    ("como le digo a mi mama", OpeningUp),
    ("como le cuento a mis papas", OpeningUp),
    ("cuanto cuesta la terapia", FindingCare),
    ("no tengo seguro", FindingCare),
    ("busco un psicologo", FindingCare),
    ("como ayudo a mi hija", ForOthers),
    ("es privado esto", About),
    ("quien lee esto", About),
    ("soy menor de edad", ForTeens),
];

/// What asks for no page: it must not be answered with one.
const NOTHING: [&str; 24] = [
    "stop stop",
    "this one",
    "once",
    "twenty one",
    "",
    "9999",
    "21",
    "911",
    "pizza with extra cheese",
    "what is the weather",
    "lol",
    "the blue one",
    "my exams went badly",
    "my train is late",
    "i like trains",
    "i like turtles",
    "see you tomorrow",
    "my phone is dying",
    "asdf",
    "no entiendo nada",
    "voy a la tienda",
    "que hora es",
    "jajaja",
    "gracias por todo amigo",
];

fn check(queries: &[(&str, PageId)], locale: Locale) {
    let packs = Packs::builtin().unwrap();
    let wrong: Vec<String> = queries
        .iter()
        .map(|(text, page)| (text, page, packs.find(text, locale)))
        .filter(|(_, page, found)| *found != Some(**page))
        .map(|(text, page, found)| format!("{text:?}: {found:?} instead of {page:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_number_a_name_and_a_plain_question_find_their_page() {
    check(&ENGLISH, Locale::En);
}

#[test]
fn in_spanish_too() {
    check(&SPANISH, Locale::Es);
}

#[test]
fn what_asks_for_no_page_finds_none() {
    let packs = Packs::builtin().unwrap();
    for text in NOTHING {
        for locale in Locale::ALL {
            assert_eq!(packs.find(text, locale), None, "{text:?}");
        }
    }
}
