"""Inputs: exact numbers from a name, the same everywhere and always."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import numpy as np
import pytest

from grader.errors import UsageError
from grader.rubric import inputs


def k(array: np.ndarray) -> np.ndarray:
    """The numbers in units of 1/2048, as exact integers."""
    scaled = array * 2048
    assert np.array_equal(scaled, np.round(scaled))
    return scaled.astype(np.int64)


# ---------------------------------------------------------------- values

SHAPES = {
    "4x6": (4, 6), "7": (7,), "1": (1,), "scalar": (), "2x3x4x5": (2, 3, 4, 5), "0x3": (0, 3),
    "10x1": (10, 1),
}  # fmt: skip


@pytest.mark.parametrize(("text", "shape"), SHAPES.items())
def test_the_first_word_is_the_shape(text: str, shape: tuple[int, ...]) -> None:
    array = inputs.make(text, "key")
    assert array.shape == shape and array.dtype == np.float64


def test_plain_numbers_are_odd_multiples_of_1_2048_between_minus_2_and_2() -> None:
    numbers = k(inputs.make("100x200", "key"))
    assert np.all(numbers % 2 == 1)
    assert numbers.min() >= -4095 and numbers.max() <= 4095
    # uniform: 2048 odd numbers on each side, mean 0, standard deviation 4096/sqrt(12)
    assert numbers.min() < -4080 and numbers.max() > 4080
    assert abs(numbers.mean()) < 6 * 4096 / math.sqrt(12 * 20_000)
    assert abs(np.mean(numbers > 0) - 0.5) < 6 * 0.5 / math.sqrt(20_000)
    assert len(set(numbers.ravel())) > 4000


def test_positive_numbers_are_odd_multiples_between_0_and_4() -> None:
    numbers = k(inputs.make("100x200 positive", "key"))
    assert np.all(numbers % 2 == 1)
    assert 0 < numbers.min() < 20 and 8172 < numbers.max() < 8192
    assert np.array_equal(numbers, k(inputs.make("100x200", "key")) + 4096)


def test_nonnegative_numbers_hold_about_a_quarter_zeros() -> None:
    plain, numbers = k(inputs.make("100x200", "key")), k(inputs.make("100x200 nonnegative", "key"))
    assert np.all((numbers == 0) | (numbers % 2 == 1)) and numbers.max() <= 4095
    assert np.array_equal(numbers == 0, plain < -2048)
    assert abs(np.mean(numbers == 0) - 0.25) < 6 * math.sqrt(0.25 * 0.75 / 20_000)
    assert np.array_equal(numbers[numbers > 0], np.abs(plain)[numbers > 0])


FACTORS = {
    "4x5 *1024": lambda x: x * 1024,
    "4x5 *1/64": lambda x: x / 64,
    "4x5 +8": lambda x: x + 8,
    "4x5 +-1/2": lambda x: x - 0.5,
    "4x5 *-2": lambda x: -2 * x,
    "4x5 *3": lambda x: 3 * x,
    "4x5 *1/64 +8": lambda x: x / 64 + 8,
    "4x5 +8 *1/64": lambda x: (x + 8) / 64,
    "4x5 *64 +256": lambda x: x * 64 + 256,
    "4x5 strided": lambda x: x,
    "4x5 strided *2": lambda x: x * 2,
    "4x5   *2   +1": lambda x: x * 2 + 1,
}


@pytest.mark.parametrize(("text", "of"), FACTORS.items(), ids=FACTORS.keys())
def test_factors_and_shifts_work_from_left_to_right(
    text: str, of: Callable[[np.ndarray], np.ndarray]
) -> None:
    assert np.array_equal(inputs.make(text, "key"), of(inputs.make("4x5", "key")))


@pytest.mark.parametrize(("text", "value"), [("3 zeros", 0), ("2x2 ones", 1), ("3 ones *8 +1", 9)])
def test_constants(text: str, value: float) -> None:
    array = inputs.make(text, "key")
    assert array.dtype == np.float64 and np.all(array == value)


@pytest.mark.parametrize("text", ["50x40", "50x40 *1024", "50x40 *1/65536", "50x40 *64 +256"])
def test_every_number_is_exact_in_single_precision(text: str) -> None:
    array = inputs.make(text, "key")
    assert np.array_equal(array.astype(np.float32).astype(np.float64), array)


@pytest.mark.parametrize(
    ("text", "count", "classes"),
    [("7 labels=5", 7, 5), ("4 labels=4", 4, 4), ("3x6 labels=3", 18, 3), ("50 labels=1", 50, 1)],
)
def test_every_class_is_there_if_there_is_room(text: str, count: int, classes: int) -> None:
    for key in "abcdefgh":
        labels = inputs.make(text, key)
        assert labels.dtype == np.int64 and labels.size == count
        times = np.bincount(labels.ravel(), minlength=classes)
        assert len(times) == classes and times.min() >= count // classes
        assert times.max() <= -(-count // classes)


def test_labels_without_room_for_all_classes_are_all_different() -> None:
    assert all(len(set(inputs.make("3 labels=10", key))) == 3 for key in "abcdefgh")
    assert {int(n) for key in range(60) for n in inputs.make("3 labels=10", str(key))} <= set(
        range(10)
    )


@pytest.mark.parametrize(
    ("text", "strided"), [("3x4", False), ("3x4 strided", True), ("3 *2 strided", True)]
)
def test_strided_is_said_to_the_worker(text: str, strided: bool) -> None:
    assert inputs.is_strided(text) is strided


# ---------------------------------------------------------------- where the numbers come from


def independent(key: str, count: int) -> list[float]:
    """The numbers again, from the standard library alone: the upper 12 bits of each 16."""
    raw = hashlib.shake_256(key.encode()).digest(2 * count)
    words = [int.from_bytes(raw[i : i + 2], "little") for i in range(0, 2 * count, 2)]
    return [(2 * (word // 16) - 4095) / 2048 for word in words]


@pytest.mark.parametrize("key", ["public/affine_forward/matrix/x", "a seed/adam/hyper/dw", "ü/é/x"])
def test_the_numbers_are_those_of_shake_256(key: str) -> None:
    assert inputs.make("4x6", key).ravel().tolist() == independent(key, 24)


SEED = "a seed that students do not know"
# Made with the standard library alone (see `independent`); a change here changes every golden file.
PINNED = {
    ("4x6", "public/affine_forward/matrix/x"): (
        "c53b03167ec57da506cfef8894e66f11e217de8875a35d1803b283c9296eb007"
    ),
    ("6x4 *8", f"{SEED}/affine_backward/scaled/dout"): (
        "1cd0f04d4c97c6b9f5c6c818fbffc53e291ca3a32cd9e576b4bb91b11e8e8a68"
    ),
    ("3 positive", "public/batchnorm_forward/test/running_var"): (
        "eb0ff3627eb0777cf74f02f9b8dc6e90e174070dc47fe082b948a434d1da6028"
    ),
    ("6x5 nonnegative", f"{SEED}/relu_backward/zeros/x"): (
        "9705905d67b9acc0c74a4b4d36fcf4058f19446f6f950faa639e138e900bef3a"
    ),
}


@pytest.mark.parametrize(("named", "digest"), PINNED.items(), ids=[key for _, key in PINNED])
def test_the_bytes_of_an_input_never_change(named: tuple[str, str], digest: str) -> None:
    assert hashlib.sha256(inputs.make(*named).astype("<f8").tobytes()).hexdigest() == digest


def test_labels_rank_the_drawn_numbers_and_deal_out_the_classes() -> None:
    # argsort of the four 16-bit numbers by hand, modulo 3
    key = "public/TwoLayerNet/loss/y"
    raw = hashlib.shake_256(key.encode()).digest(8)
    words = [int.from_bytes(raw[i : i + 2], "little") for i in range(0, 8, 2)]
    order = sorted(range(4), key=lambda i: words[i])
    assert inputs.make("4 labels=3", key).tolist() == [n % 3 for n in order] == [2, 0, 0, 1]


def test_a_longer_array_starts_with_the_shorter_one() -> None:
    assert np.array_equal(inputs.make("12", "key")[:5], inputs.make("5", "key"))


def test_numpy_s_random_state_changes_nothing_and_is_not_changed() -> None:
    np.random.seed(1)
    first = inputs.make("5x5", "key")
    np.random.seed(2)
    before = np.random.get_state()[1].tolist()
    assert np.array_equal(inputs.make("5x5", "key"), first)
    assert np.random.get_state()[1].tolist() == before


def test_every_part_of_the_name_matters() -> None:
    names = [
        ("s", "item/case", "x", False),
        ("t", "item/case", "x", False),
        ("s", "item/else", "x", False),
        ("s", "item/case", "w", False),
        ("s", "item/case", "x", True),
    ]
    keys = [inputs.case_key(*name) for name in names]
    arrays = {inputs.make("4", key).tobytes() for key in keys}
    assert len(arrays) == len(keys)


def test_a_public_input_does_not_depend_on_the_seed_and_a_hidden_one_does() -> None:
    assert inputs.case_key("s", "i/c", "x", True) == inputs.case_key("t", "i/c", "x", True)
    assert inputs.case_key("s", "i/c", "x", False) != inputs.case_key("t", "i/c", "x", False)


# ---------------------------------------------------------------- the grammar

# description -> what the message must hold besides the description
WRONG = {
    "": "start with a shape",
    "   ": "start with a shape",
    "wide": "start with a shape",
    "x4": "start with a shape",
    "4x": "start with a shape",
    "4xx5": "start with a shape",
    "4,5": "start with a shape",
    "-4": "start with a shape",
    "4.5": "start with a shape",
    "positive 4x5": "start with a shape",
    "2000x1001": "2000000 numbers",
    "4 wide": "unknown word 'wide'; use one of positive, nonnegative, ",
    "4 Positive": "unknown word 'Positive'",
    "4 labels": "labels=N",
    "4 labels=": "unknown word 'labels='",
    "4 labels=-1": "unknown word 'labels=-1'",
    "4 labels=2.5": "unknown word 'labels=2.5'",
    "4 *": "*FACTOR",
    "4 -8": "unknown word '-8'",
    "4 * 8": "unknown word '*'",
    "4 *0.5": "unknown word '*0.5'",
    "4 *1e3": "unknown word '*1e3'",
    "4 *1/3": "1/3 is no power-of-two fraction",
    "4 +2/5": "2/5 is no power-of-two fraction",
}


@pytest.mark.parametrize(("text", "says"), WRONG.items())
def test_a_description_that_is_none_says_what_would_be_one(text: str, says: str) -> None:
    for function in (inputs.check, lambda t: inputs.make(t, "key"), inputs.is_strided):
        with pytest.raises(UsageError) as caught:
            function(text)
        assert str(caught.value).startswith(f"input {text!r}: ") and says in str(caught.value)


BUGS = {
    "4 *1/0": "ZeroDivisionError",
    "4 labels=0": "no class can be drawn: a RuntimeWarning, and zeros",
    "99999999999999999999x0": "NumPy's ValueError",
    "1x1x1x1x1x1x1x1x1": "nine axes, which no frame carries",
    "3 +9007199254740993": "2**53 + 1 is no double: not exact",
    "4 *1 *1 *1 *1 *1 *1 *1 *1 *1 *1 *1 wrong": "words after the twelfth are dropped unread",
    "4 zeros ones": "two words that contradict each other",
    "7 labels=5 *2": "labels drop the other words unread",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", BUGS, ids=BUGS.values())
def test_a_description_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        inputs.check(text)


@pytest.mark.parametrize(
    "text", [*SHAPES, *FACTORS, "7 labels=5", "3 zeros", "2000000", "scalar", "5 positive *1/1024"]
)
def test_what_can_be_made_passes_the_check(text: str) -> None:
    inputs.check(text)
    inputs.make(text, "key")
