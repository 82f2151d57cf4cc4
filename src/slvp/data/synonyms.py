"""Other words for classes, clothes and colours: one thing is called by many names.

Small tables written for this project. Each word is as true as the one that it replaces: a synonym,
or a broader word, which then also counts as broader where it is asked what else it could mean.
"""

from __future__ import annotations

import re

import numpy as np

from slvp.data import vocabulary

_OTHER_NAMES = """
person: individual, human
man: guy, gentleman, fellow, male
woman: lady, girl=girl, female
child: kid, youngster
boy: kid=child, young boy
girl: kid=child, young girl
toddler: small child=child, kid=child
skateboarder: skater=person, skateboard rider
tennis player: player=person, athlete=person
baseball player: player=person, ballplayer, athlete=person
football player: soccer player, footballer, player=person
cyclist: bicyclist, biker=person, bike rider, person on a bike
rider: horse rider, person on a horse
motorcyclist: biker=person, motorbike rider, person on a motorbike
snowboarder: snowboard rider
fireman: firefighter
dog: doggy, pooch, canine
puppy: pup, young dog, little dog
cat: kitty, feline
kitten: young cat, kitty
horse: equine=animal
cow: bovine
calf: young cow
monkey: primate=animal
tiger: big cat
lion: big cat
cougar: puma, mountain lion, big cat
rooster: cock, chicken=bird
pigeon: dove
crayfish: crawfish
rhino: rhinoceros
panda: panda bear
sea turtle: turtle
donkey: ass
car: automobile, motor car, motorcar
truck: lorry
motorcycle: motorbike, bike, motor bike
bicycle: bike, cycle
scooter: motor scooter
airplane: plane, aeroplane, aircraft=vehicle
helicopter: chopper, aircraft=vehicle
ship: vessel, boat
boat: vessel
sailboat: sailing boat, yacht, boat
sailing ship: tall ship, ship, vessel
train: railway train
chair: seat=furniture
armchair: chair, easy chair
bench: seat=furniture
couch: sofa, settee
dining table: table
lamp: light
chandelier: ceiling light
potted plant: plant in a pot, plant=plant, houseplant
tv: television, tv set, screen
laptop: laptop computer, notebook computer, computer
jug: pitcher
wine glass: glass, goblet
cell phone: phone, mobile phone, smartphone
keyboard: computer keyboard
refrigerator: fridge
microwave: microwave oven
oven: stove, cooker
sink: washbasin, basin
handbag: bag, purse
backpack: bag, rucksack
suitcase: bag, travel bag
umbrella: parasol
teddy bear: stuffed bear, toy bear, plush bear
hair drier: hair dryer, blow dryer
remote: remote control
tie: necktie
frisbee: flying disc
snowboard: board
skateboard: board
surfboard: board
sports ball: ball
soccer ball: ball, football
baseball bat: bat
baseball glove: glove, mitt
tennis racket: racket, racquet
fire hydrant: hydrant
stop sign: sign, road sign
traffic light: traffic signal, stoplight
donut: doughnut
watch: wristwatch
gun: pistol, handgun, weapon=object
headphones: earphones
roller skate: skate, inline skate
seashell: shell
buddha statue: statue, buddha, sculpture, buddha figure
statue: sculpture, figure
wrench: spanner
ceiling fan: fan
gramophone: record player, phonograph
barrel: cask
menorah: candelabrum, candle holder
saxophone: sax
tuba: brass instrument=musical instrument
guitar: string instrument=musical instrument
mandolin: string instrument=musical instrument
violin: string instrument=musical instrument
sunflower: flower=plant
water lily: flower=plant
bonsai tree: bonsai, small tree, tree
pepper: bell pepper
"""

_BROADER_NAMES = """
person: person, person, individual, human being
animal: animal, animal, animal, creature
bird: bird
fish: fish
insect: insect, bug
vehicle: vehicle
musical instrument: musical instrument, instrument
furniture: piece of furniture
fruit: fruit, piece of fruit
vegetable: vegetable
food: food item, piece of food
plant: plant
shape: shape, figure
"""

_GARMENTS = """
pants: trousers
trousers: pants
t-shirt: tee, shirt, top
shirt: top
blouse: shirt, top
sweater: pullover, jumper
hoodie: hooded sweatshirt, sweatshirt
sweatshirt: sweater
cap: hat
blazer: jacket
coat: overcoat
cardigan: sweater
clothes: clothing
jeans: denim pants
stockings: tights
gray: grey
grey: gray
"""


def _read(table: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """``word: other, another=noun`` -> {word: ((other, word), (another, noun))}."""
    read: dict[str, tuple[tuple[str, str], ...]] = {}
    for line in table.strip().splitlines():
        word, _, others = line.partition(": ")
        pairs = (other.partition("=") for other in others.split(", "))
        read[word] = tuple((other, noun or word) for other, _, noun in pairs)
    return read


NAMES: dict[str, tuple[tuple[str, str], ...]] = _read(_OTHER_NAMES)
"""By class, or by what a caption calls one: (another name, noun that says what it could mean)."""

SPOKEN: dict[str, tuple[str, ...]] = {
    word: tuple(other for other, _ in others) for word, others in _read(_BROADER_NAMES).items()
}
"""Broader classes that people say of a thing they point at, and how they say them."""

_CLOTHES = {word: tuple(other for other, _ in others) for word, others in _read(_GARMENTS).items()}
_CLOTHES_PATTERN = re.compile(r"\b(" + "|".join(sorted(_CLOTHES, key=len, reverse=True)) + r")\b")
_A_BEFORE = re.compile(r"\ban? (?=(\w+))")


def other_clothes(rng: np.random.Generator, text: str) -> str:
    """Call some of the clothes of a sentence by other names: "a black coat" -> "overcoat"."""

    def other(match: re.Match[str]) -> str:
        if rng.random() < 0.6:
            return match[0]
        word = _CLOTHES[match[0]][int(rng.integers(len(_CLOTHES[match[0]])))]
        # "A blouse, top and skirt" must not become "a top, top and skirt".
        return match[0] if word in text else word

    changed = _CLOTHES_PATTERN.sub(other, text)
    return _A_BEFORE.sub(lambda m: vocabulary.with_a(m[1]).removesuffix(m[1]), changed)
