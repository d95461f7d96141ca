//! The words that the normal form knows: crisis words, everyday words and short forms.
//!
//! This is spelling, not judgement: no word here raises a tier. Rules do that. Floor 0.

use std::hash::Hasher as _;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use rustc_hash::FxHashMap;

/// What is known about a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Stays as it is.
    Plain,
    /// Short for one word or several.
    Short(&'static str),
}

/// Looks a word up.
pub(super) fn look_up(word: &str) -> Option<Known> {
    KNOWN.get(word).copied()
}

/// What a word and the rest of it after a lost apostrophe stand for: `don` and `t` for `do not`.
pub(super) fn contracted(word: &str, rest: &str) -> Option<&'static str> {
    // `d` would be a word of Spanish, and `l` the number one.
    let fits = match rest {
        "t" => true,
        "m" | "ve" | "ll" | "re" => matches!(word, "i" | "you" | "we" | "they"),
        "s" => matches!(word, "it" | "that" | "he" | "she" | "what" | "there"),
        _ => false,
    };
    if !fits {
        return None;
    }
    let mut joined = [0; 12];
    let length = word.len() + rest.len();
    joined
        .get_mut(..word.len())?
        .copy_from_slice(word.as_bytes());
    joined
        .get_mut(word.len()..length)?
        .copy_from_slice(rest.as_bytes());
    match look_up(std::str::from_utf8(&joined[..length]).ok()?) {
        Some(Known::Short(long)) => Some(long),
        _ => None,
    }
}

/// Whether joined or run-together letters may be read as this word.
pub(super) fn is_joinable(word: &str) -> bool {
    JOINABLE.contains_key(word)
}

/// Whether the word is one of the crisis words.
pub(super) fn is_crisis(word: &str) -> bool {
    JOINABLE.get(word).copied().unwrap_or(false)
}

/// Whether a crisis word stands somewhere in a token: only then it pays to cut it up.
pub(super) fn holds_crisis(token: &str) -> bool {
    static WITHIN: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let long = crisis_words().iter().filter(|word| word.len() > 2);
        AhoCorasick::new(long).ok()
    });
    WITHIN.as_ref().is_none_or(|within| within.is_match(token))
}

/// How common a word is among those of [`COMMON`]: 0 for the most common.
pub(super) fn rank(word: &str) -> Option<usize> {
    RANKS.get(word).copied()
}

/// The words that a token with one slip of the thumb may stand for, the most common first in each
/// place: those that become the token, or each other's, when one letter is left out.
///
/// The keys are [`without`] of every target; see W. Garbe's symmetric delete algorithm (2012).
pub(super) fn near(key: u64) -> Option<&'static str> {
    NEAR.get(&key).copied()
}

/// A key for a word with one letter left out, or for the whole word.
pub(super) fn without(word: &str, left_out: Option<usize>) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    for (at, byte) in word.bytes().enumerate() {
        if Some(at) != left_out {
            hasher.write_u8(byte);
        }
    }
    hasher.finish()
}

/// The shortest word that a misspelling is repaired to: shorter ones are too close to each other.
const SHORTEST_TARGET: usize = 4;
/// How many of the common words a misspelling may stand for.
const TARGETS: usize = 3000;

static NEAR: LazyLock<FxHashMap<u64, &'static str>> = LazyLock::new(|| {
    let common = common_words().iter().take(TARGETS);
    let short = ["cant", "dont", "wont", "wanna", "gonna"];
    let mut near = FxHashMap::default();
    for &word in common.chain(repairable()).chain(&short) {
        if word.len() >= SHORTEST_TARGET {
            for left_out in std::iter::once(None).chain((0..word.len()).map(Some)) {
                near.entry(without(word, left_out)).or_insert(word);
            }
        }
    }
    near
});

/// The crisis words, for masks.
pub(super) fn crisis_words() -> &'static [&'static str] {
    static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| CRISIS.split_ascii_whitespace().collect());
    &WORDS
}

/// The common words, the most common first.
pub(super) fn common_words() -> &'static [&'static str] {
    static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| COMMON.split_ascii_whitespace().collect());
    &WORDS
}

/// The words that a misspelling may be repaired to.
pub(super) fn repairable() -> &'static [&'static str] {
    static WORDS: LazyLock<Vec<&str>> =
        LazyLock::new(|| REPAIRABLE.split_ascii_whitespace().collect());
    &WORDS
}

/// The longest word that joining has to try.
pub(super) const LONGEST: usize = 14;

/// What English and Spanish are mostly made of, in the spelling of a dictionary and the most common
/// first: the words of the texts that the model learns from (`templates/triage/training`). They are
/// never repaired, and letters that run together are cut into them.
const COMMON: &str = include_str!("words.txt");

static KNOWN: LazyLock<FxHashMap<&'static str, Known>> = LazyLock::new(|| {
    let plain = [EVERYDAY, JOINERS, REPAIRABLE, CRISIS, COMMON].into_iter();
    let plain = plain
        .flat_map(str::split_ascii_whitespace)
        .map(|word| (word, Known::Plain));
    let short = SHORT.lines().filter_map(|line| line.split_once('='));
    let short = short.flat_map(|(forms, long)| {
        forms
            .split_ascii_whitespace()
            .map(move |form| (form, Known::Short(long.trim())))
    });
    plain.chain(short).collect()
});

static RANKS: LazyLock<FxHashMap<&'static str, usize>> = LazyLock::new(|| {
    common_words()
        .iter()
        .enumerate()
        .map(|(rank, &word)| (word, rank))
        .collect()
});

/// Words that letters may be joined to, and whether each is a crisis word.
static JOINABLE: LazyLock<FxHashMap<&'static str, bool>> = LazyLock::new(|| {
    [(JOINERS, false), (CRISIS, true)]
        .into_iter()
        .flat_map(|(words, crisis)| {
            words
                .split_ascii_whitespace()
                .map(move |word| (word, crisis))
        })
        .collect()
});

const CRISIS: &str = "
    kill killing killed die died dying dead death suicide suicidal suicides unalive unaliving kms kys
    hurt hurting harm harming selfharm cut cuts cutting pill pills overdose overdosed overdosing bleed
    bleeding blood razor blade blades knife gun hang hanging hanged noose rope jump jumped slit wrist
    wrists stab shoot shot poison drown rape raped abuse abused molested burn burning strangle choke
    choked beat beats hits myself alive worthless hopeless help emergency ambulance goodbye
    swallow swallowed took tylenol end ended ending life live living anymore
    vida dano hacerme vivo viva suicidio suicidarme suicida matar matarme morir morirme muerto muerta muerte vivir cortar cortarme
    corto pastillas sobredosis ayuda ayudame sangre sangrando pistola cuchillo viola violo golpea abusa";

/// Long and distinct enough that one slip of the thumb is safe to repair.
const REPAIRABLE: &str = "
    suicide suicidal overdose overdosed overdosing ambulance myself killing pills bleeding cutting
    harming hanging hurting alive dying death worthless hopeless goodbye burden emergency abused
    strangle strangled swallowed breathing unconscious tonight anymore hospital tylenol ibuprofen
    acetaminophen xanax unalive seizure helpline molested pregnant someone
    suicidio suicidarme matarme morir morirme muerto muerta muerte vivir cortarme pastillas sobredosis
    quiero ayudame emergencia
    thoughts existing exist forever scared disappear attempted attempt strangling breathe swallowing
    relapsed razors antifreeze bridge despertar despertarme lastimarme ahorcarme existir desaparecer
    aguanto violaron golpea sangrando morirse matando cortando ahogando despedida farewell stabbing
    shooting jumping waking drowning choking threatening burning killed suicides unsafe helpless
    themselves himself herself depressed pistol bullet drowned poisoned poison";

const JOINERS: &str = "
    i im am me my u you to want wanna gonna going need feel feeling like and so just really cant dont
    not no on in of it is be this that the a end life live living off all over take better please pls
    now tonight today anymore everyone everything never wish was had have ready about him her them he
    she they self ever go away here think thinking thoughts tired hate
    quiero yo la vida mi mas ya no puedo se me que por favor hacerme dano voy a estoy de";

/// Ordinary words: doubled letters to keep, and neighbours of crisis words that must not be repaired.
const EVERYDAY: &str = "
    kissing kiss billing filling milling willing putting cuttings cussing nutting gutting handing
    changing hunting hurtling hurdling burning turning olive alike alice alibi alvie alivia dyeing drying doing
    during lying trying typing tying depth dearth deaths deaf dealt heath health burdens garden harden harding
    hardening farming charming warming hearing herself itself himself pulls polls piles palls pillow
    pilots pilot pulse bills mills wills hills fills goodbyes homeless hopeful helpless worthwhile amused abuses
    abuser accused breeding bleeping breathing breeching overdone overdue overdo overdid overdoing overdrive
    overdraw overuse overused overnight overdub overload overlook override overcome ambulances ambulant ambience
    tonights nights night hospitals hospitality attempts hangings hinging banging ringing singing
    living giving loving leaving quiere quieren quieres quiera quieto quieta matarte matarlo matarla matare
    mataron cortarte cortarlo cortarla cortare morirse morir pastilla plantillas ayudarme ayuda ayudar
    ayudame dyed dye cute cutie kid kids skill skills skilled still hell hello shell sell tell tall all
    well will ill hill fill bill ball call calls calling called fall feel feels feeling seen see been
    need needs keep deep sleep sleeping weed week weeks meet feet free three tree street green good
    book look looks looking took cook room food door poor soon moon too cool school tool book off
    stuff class pass less mess miss boss loss cross kiss bless press dress stress guess happy sorry
    tomorrow really finally usually actually little middle better letter matter bottle battle settle
    putt butt bottom cotton button funny money sunny running winning planning dinner summer bigger
    bigger rubber apple happen happened suppose support office offer coffee different difficult
    dollar college account address across agree arrive carry hurry worry marry correct error mirror
    common comment commit recommend committee community dumb numb been being boo woo zoo oops ooo
    aww awww whoa yeah yes no ok okay hey hi so go too lol lmao omg wow mom mommy daddy dad please help
    bunking chatting chating burnt coding cooking joking bored board boring crises crisps crispy crisp voice
    vivid mover skylar surgery seizures seizing adviser advisor pregnancy somebody sometime sometimes
    emergence emergencies emergent living hoping hurling hauling hacking halting haring cutlery curing
    cupping cuing cruising killings kilning kindling killjoy killers killer dyslexia xanadu swallows
    vivia vivian vivio viviendo vivira viviras vivimos vivido moria morian morira moriras muerde muerden
    moriste mueran muero muertes muertos muertas unconscionable subconscious overdoses suicidality aliveness";

/// Short forms, one expansion a line. Expansions must be words that stay as they are.
const SHORT: &str = "
    im i'm iam = i am
    ive i've = i have
    i'll = i will
    i'd = i would
    imma ima = i am going to
    u yu = you
    ur = your
    r = are
    n nd = and
    bc cuz coz cus bcuz becuz bcoz = because
    b = be
    pls plz plse pleas plss = please
    ppl = people
    sm1 sum1 some1 = someone
    any1 ne1 = anyone
    every1 evry1 = everyone
    no1 = no one
    2nite tonite tnite 2night 2nit tn = tonight
    2day = today
    2moro tmrw tmr tmrow tomoro tomorow 2morrow tommorow = tomorrow
    4ever = forever
    b4 = before
    gr8 = great
    l8r = later
    m8 = mate
    wanna wana wnna wan2 wanta = want to
    gonna gunna gona gna = going to
    gotta = got to
    hafta = have to
    tryna tryina = trying to
    finna boutta bouta abouta = about to
    lemme = let me
    gimme = give me
    kinda = kind of
    dunno idk dno = do not know
    idc = do not care
    idgaf = do not care
    abt = about
    rn = right now
    fr = for real
    ngl = not going to lie
    tbh = to be honest
    smth sth smthn = something
    sumthin somethin = something
    nothin nuthin = nothing
    everythin = everything
    anymor anymre nemore = anymore
    w = with
    wo = without
    wout = without
    w/o = without
    thru = through
    tho = though
    bf = boyfriend
    gf = girlfriend
    bff bestie = friend
    hubby = husband
    meds = medicine
    otd = overdosed
    oded od'd od'ed = overdosed
    od'ing oding = overdosing
    ods = overdoses
    kil kll klil kiil kilk kiill kil' = kill
    kiling killin killng = killing
    dei diee diie = die
    comit comitt commt = commit
    comited comitted = committed
    comiting comitting = committing
    tto = to
    dieing dyin = dying
    hurtin = hurting
    cuttin = cutting
    bleedin = bleeding
    slef = self
    hlep hepl halp hlp = help
    wnat wnt wan = want
    pils pillz = pills
    sucide suside suiside sueside suicde sewerslide sewercide sooicide = suicide
    suicidle sucidal suisidal = suicidal
    unalived unaliv = unalive
    selfharm selfharming = self harm
    kms kmyself = kill myself
    idwbha = i do not want to be here anymore
    idwtl = i do not want to live
    dwtl = do not want to live
    srs = serious
    rlly rly = really
    u'r = you are
    jus = just
    wif = with
    dun = done
    tht = that
    wht = what
    tmrw = tomorrow
    tng = tengo
    nc = no se
    nesecito = necesito
    ktms = kill myself
    killme = kill me
    kys = kill yourself
    cutmyself = cut myself
    thats that's = that is
    tonights tonight's = tonight is
    mrir morr moir moriir morrir = morir
    viir vivr vvir = vivir
    mueto = muerto
    mueta = muerta
    whats what's = what is
    theres there's = there is
    hes he's = he is
    shes she's = she is
    its it's = it is
    wheres where's = where is
    hows how's = how is
    whos who's = who is
    youre you're = you are
    theyre they're = they are
    we're = we are
    youve you've = you have
    theyve they've = they have
    weve we've = we have
    youll you'll = you will
    he'll = he will
    she'll = she will
    we'll = we will
    itll it'll = it will
    dont don't dnt = do not
    doesnt doesn't = does not
    didnt didn't = did not
    cant can't cannot cnt = can not
    couldnt couldn't = could not
    wont won't = will not
    wouldnt wouldn't = would not
    shouldnt shouldn't = should not
    isnt isn't = is not
    arent aren't = are not
    aint ain't = am not
    wasnt wasn't = was not
    werent weren't = were not
    havent haven't = have not
    hasnt hasn't = has not
    hadnt hadn't = had not
    thx ty tysm = thank you
    kiero qiero qero kero = quiero
    kieres = quieres
    kiere = quiere
    xq pq porq xk porke = porque
    toy = estoy
    ta = esta
    q k ke qe = que
    tb tmb tbn = tambien
    x = por
    xfa porfa xfavor = por favor
    d = de
    dl = del
    bn = bien
    ntp = no te preocupes
    tqm tkm = te quiero mucho
    nd' = nada
    msj = mensaje
    aser = hacer
    aserme hacerm = hacerme
    vibir bivir = vivir
    hise = hice
    bida = vida
    ayudenme ayudeme = ayudame
    alluda alludame = ayudame
    ermano = hermano
    amigx = amigo
    muertx = muerto
    pastiyas = pastillas
    suisidio = suicidio";

/// Every word and form, for tests.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    KNOWN.keys().copied().chain(JOINABLE.keys().copied())
}
