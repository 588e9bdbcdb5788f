"""A measured motion in one sentence."""

from __future__ import annotations

from ..motion.fact_words import caption_keys
from ..motion.facts import Facts, measure
from ..motion.motion import Motion
from ..wire import RequestError

# what a key of ``fact_words.KEYS`` says that its own words do not
_PHRASES = {
    "walk_slow": "walks slowly",
    "walk_fast": "walks fast",
    "jog_forward": "jogs forward",
    "run_fast": "runs fast",
    "sidestep_left": "steps to the left",
    "sidestep_right": "steps to the right",
    "stand_still": "stands still",
    "turn_left_slight": "turns a little to the left",
    "turn_right_slight": "turns a little to the right",
    "turn_left": "turns to the left",
    "turn_right": "turns to the right",
    "turn_around_left": "turns around to the left",
    "turn_around_right": "turns around to the right",
    "spin_left": "spins to the left",
    "spin_right": "spins to the right",
    "walk_turn_left": "walks and turns left",
    "walk_turn_right": "walks and turns right",
    "run_turn_left": "runs and turns left",
    "run_turn_right": "runs and turns right",
    "walk_circle_left": "walks in a circle to the left",
    "walk_circle_right": "walks in a circle to the right",
    "walk_then_stop": "walks, then stops",
    "stand_then_walk": "stands, then walks",
    "walk_then_run": "walks, then runs",
    "run_then_stop": "runs, then stops",
    "jump_repeated": "jumps several times",
    "raise_right_hand": "raises the right hand",
    "raise_left_hand": "raises the left hand",
    "raise_both_hands": "raises both hands",
    "right_hand_shoulder_high": "lifts the right hand to the shoulder",
    "left_hand_shoulder_high": "lifts the left hand to the shoulder",
    "both_hands_shoulder_high": "lifts both hands to the shoulders",
    "wave_right_hand": "waves the right hand",
    "wave_left_hand": "waves the left hand",
    "crouch_walk": "walks crouched",
    "sit_down": "sits down",
    "stand_up": "stands up",
    "bend_over": "bends over",
    "reach_down": "reaches down",
    "lie": "lies",
    "lie_down": "lies down",
    "kick_right": "kicks with the right foot",
    "kick_left": "kicks with the left foot",
    "punch_right": "punches with the right hand",
    "punch_left": "punches with the left hand",
    "crouch": "crouches",
}


def _phrase(key: str, facts: Facts) -> str:
    if key == "steps":
        return f"takes {facts.steps} step{'' if facts.steps == 1 else 's'}"
    if key in _PHRASES:
        return _PHRASES[key]
    verb, *rest = key.split("_")
    return " ".join([verb + "s", *rest])


def describe(motion: Motion) -> dict:
    """{"facts": numbers by name, "keys": caption keys, "sentence"} of a motion; RequestError for a skeleton that cannot
    be measured."""
    try:
        facts = measure(motion)
    except ValueError as error:
        action = "Describe a motion on the SMPL-22 or SMPL-X-52 skeleton."
        raise RequestError("bad_request", str(error), action) from error
    keys = caption_keys(facts)
    phrases = [_phrase(key, facts) for key in keys] or ["moves"]
    said = phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"
    return {"facts": facts.to_dict(), "keys": keys, "sentence": f"A person {said}."}
