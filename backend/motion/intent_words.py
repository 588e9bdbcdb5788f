"""The words that ``intent`` understands: verbs with their forms, directions, speeds, sides, counts."""

from __future__ import annotations

# canonical verb -> words and phrases in the base form; forms are derived. Verbs that no measure tells apart are here
# too, so that they count as understood and do not pass for walking.
VERBS = {
    "walk": "walk, stroll, amble, stride, pace, wander, march, tiptoe, stagger, strut, trudge, saunter, shuffle, limp, "
    "sneak, creep, plod, go, move, head, advance, proceed, travel, approach, step, hike, swagger, parade, patrol, "
    "continue, hobble, retreat, back up, back away",
    "run": "run, sprint, dash, race, rush, charge, bolt, gallop",
    "jog": "jog, trot",
    "sidestep": "sidestep, side step, side-step, sidle, strafe, sidestepping",
    "stand": "stand, stand still, stay, wait, idle, freeze, remain, keep still, hold still, stand in place, do nothing",
    "stop": "stop, halt, pause, come to a stop, come to a halt, come to a standstill, slow down",
    "turn": "turn, rotate, pivot, swivel, veer, curve, swerve, bear",
    "spin": "spin, twirl, whirl, pirouette, turn in a circle, spin around, turn a full circle",
    "jump": "jump, leap, bound, vault",
    "hop": "hop",
    "jumping_jacks": "jumping jack, jumping-jack, jumpingjack, star jump, side straddle hop",
    "raise": "raise, lift, hold up, put up, reach up, lift up, throw up, stretch up, put in the air, "
    "hold high, extend up",
    "wave": "wave, greet, say hello, say goodbye, flag down",
    "punch": "punch, jab, box, uppercut, hook, throw a punch, hit, strike, shadowbox, shadow box, throw punches",
    "kick": "kick, boot",
    "sit": "sit, sit down, take a seat, have a seat, be seated, seated",
    "stand_up": "stand up, get up, rise, arise, stand back up, get back up, rise up, get to feet",
    "crouch": "crouch, squat, duck, crouch down, squat down, hunker, crouch low, bend knees, bend the knees",
    "kneel": "kneel, kneel down, go down on one knee, get down on one knee, get on knees, take a knee",
    "bend": "bend, bow, bend over, bend down, stoop, lean forward, bend forward, lean over",
    "pick_up": "pick up, reach down, reach for the floor, touch toes, touch the floor, scoop, pick something up",
    "lie": "lie, lie down, lay down, recline, sleep, lie on",
    "fall": "fall, collapse, drop, trip, fall down, tumble",
    "crawl": "crawl, crawl on hands and knees",
    "climb": "climb, ascend, descend, climb up, walk up, go up, walk up the stairs, climb stairs",
    "dance": "dance, waltz, salsa, groove",
    "throw": "throw, toss, hurl, pitch, lob",
    "catch": "catch, grab, grasp, take, hold",
    "reach": "reach, stretch, reach out, extend",
    "point": "point, gesture, salute, beckon, signal",
    "clap": "clap, applaud",
    "push": "push, pull, shove, drag, carry, lift something",
    "swing": "swing, chop, slash, hack, bat, golf",
    "drink": "drink, eat, sip, chew, bite",
    "look": "look, watch, glance, search, nod, look around, stare, shake head",
    "wash": "wash, clean, wipe, mop, sweep, scrub",
    "roll": "roll, cartwheel, somersault, flip, backflip, handstand, dive",
    "work": "play, type, read, write, cook, drive, ride, fight, practice, perform, laugh, cry, talk, shoot, dribble, "
    "cheer, block, dodge, balance, cast, fire, aim, warm up, exercise, skip, scratch, shrug, think, sing, swim, row",
}
IRREGULAR = {
    "run": "ran", "stand": "stood", "sit": "sat", "lie": "lay lying lain", "bend": "bent", "kneel": "knelt",
    "throw": "threw thrown", "swing": "swung", "spin": "spun", "leap": "leapt", "go": "went goes gone",
    "hold": "held", "creep": "crept", "rise": "rose risen", "get": "got", "take": "took", "fall": "fell",
    "put": "put putting", "say": "said", "strike": "struck", "catch": "caught", "come": "came coming",
    "sweep": "swept", "do": "did does doing done", "keep": "kept", "be": "is are was", "hit": "hitting",
    "shake": "shook shaking", "have": "has had having", "drive": "drove", "ride": "rode riding", "lay": "laid",
    "shoot": "shot", "fight": "fought", "sneak": "snuck", "sleep": "slept", "box": "boxes", "go up": "",
}  # fmt: skip


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


ARM = word_set("hand hands arm arms palm palms fist fists wrist wrists elbow elbows")
LEG = word_set("leg legs foot feet knee knees heel heels")
FAST = word_set(
    "fast quickly quick rapidly rapid briskly brisk hurriedly hastily swiftly speedily speed sprinting hurry hurries "
    "hurrying faster energetically"
)
SLOW = word_set(
    "slowly slow leisurely gently carefully cautiously unhurried gradually calmly sluggishly lazily slower tiredly "
    "wearily sneaking creeping trudging plodding ambling ambles amble strolling stealthily"
)
SLIGHT = word_set("slightly slight little bit gently gradually")
FORWARD = word_set("forward forwards ahead straight onward onwards")
BACKWARD = word_set("backward backwards reverse rearward rearwards")
SIDEWAYS = word_set("sideways sideway side sidewards laterally")
# told by the verb after them: "goes jogging", "takes two steps"
HELPERS = word_set(
    "go goes going went take takes taking took continue continues continuing move moves throw throws throwing threw do "
    "does"
)
COUNTS = {
    "once": 1, "one": 1, "twice": 2, "two": 2, "three": 3, "thrice": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "couple": 2, "few": 3, "several": 3, "repeatedly": 3, "multiple": 3,
}  # fmt: skip
# understood, but nothing to measure: articles, people, manners
FILLER = word_set(
    "a an the his her their its he she they it person man woman guy someone somebody figure character human people "
    "girl boy lady child kid actor individual avatar one is are be being to of in on at with and or while as by for "
    "from into onto over up down out off that this these those then there here his him them then after before next "
    "finally afterwards afterward later first second begin begins beginning start starts starting both each other "
    "around about through across along toward towards away back place air head shoulder shoulders chest side sides "
    "body waist hip hips floor ground chair seat stool line circle circles direction way hello goodbye hi greeting "
    "time times pace speed normal normally casually casual steps step very really just again still like if were "
    "not without moving movement motion doing does do make makes making takes take taking large big small long short "
    "high low tall upright degrees degree full half quarter clockwise counterclockwise anticlockwise left right "
    "above overhead below behind front forward spot something someone friend camera distance meters metres feet "
    "meanwhile simultaneously same once more keeps keep keeping onwards during so who which his own can position "
    "himself herself themselves itself standing at steady steadily happily sadly angrily relaxed meter easy all "
    "put puts putting hold holding holds it quick"
)


def _doubles(verb: str) -> bool:
    """Whether -ing doubles the last letter: one short vowel before one consonant ("hop", not "look", "turn", "box")."""
    vowels = [c in "aeiou" for c in verb]
    short = len(verb) >= 3 and vowels[-3:] == [False, True, False] and sum(vowels) == 1 and verb[-1] not in "wxy"
    return short or verb == "squat"


def forms(base: str) -> list[str]:
    """The forms of a base verb or phrase (its first word is inflected): "wave" -> wave, waves, waving, waved ..."""
    first, _, rest = base.partition(" ")
    rest = f" {rest}" if rest else ""
    stem = first + first[-1] if _doubles(first) else first
    if first.endswith("ie"):
        made = [first, first + "s", first[:-2] + "ying", first + "d"]
    elif first.endswith("e") and not first.endswith("ee"):
        made = [first, first + "s", first[:-1] + "ing", first + "d"]
    elif first.endswith("y") and first[-2:-1] not in "aeou":
        made = [first, first[:-1] + "ies", first + "ing", first[:-1] + "ied"]
    else:
        plural = "es" if first.endswith(("s", "x", "ch", "sh", "z")) else "s"
        made = [first, first + plural, stem + "ing", stem + "ed"]
    made += IRREGULAR.get(first, "").split()
    return [m + rest for m in made]


def phrase_table() -> dict[tuple[str, ...], str]:
    """Every form of every verb as a tuple of words -> canonical verb."""
    table: dict[tuple[str, ...], str] = {}
    for verb, words in VERBS.items():
        for base in (w.strip() for w in words.split(",")):
            for form in forms(base):
                table.setdefault(tuple(form.split()), verb)
    return table
