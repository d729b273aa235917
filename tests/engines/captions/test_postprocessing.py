"""A captioner's text becomes one or two sentences that say what is seen."""

import pytest

from narrated.engines.captions.postprocessing import tidy

ROWS = [
    # BLIP base
    ("a dog sitting on the grass", "A dog sitting on the grass."),
    ("a close up of a cat laying on a couch", "A close up of a cat laying on a couch."),
    ("a photo of a dog on the beach", "A dog on the beach."),
    ("a picture of a picture of a man in a suit", "A man in a suit."),
    ("the image is a man riding a wave", "A man riding a wave."),
    ("two cats sleeping on a couch .", "Two cats sleeping on a couch."),
    ("a man ' s hand holding a phone", "A man's hand holding a phone."),
    ("a dog and a dog and a dog", "A dog."),
    ("a dog, a dog, a dog, a dog", "A dog."),
    ("a woman with a hat and a woman with a hat", "A woman with a hat."),
    ("a field of a field of a field of flowers", "A field of flowers."),
    ("a plate of food with a fork and a knife on a table on a table on a table",
     "A plate of food with a fork and a knife on a table."),
    ("a red tuk tuk parked on a street", "A red tuk tuk parked on a street."),
    ("the the the the the the", ""),
    ("a black and white photo of a train", "A black and white photo of a train."),
    ("a painting of a woman in a blue dress", "A painting of a woman in a blue dress."),
    ("a screenshot of a computer screen with the number of the number",
     "A screenshot of a computer screen with the number of the number."),
    # BLIP large
    ("there is a man riding a horse on the beach", "A man riding a horse on the beach."),
    ("there are two cats laying on a couch", "Two cats laying on a couch."),
    ("arafed man in a suit and tie posing for a picture",
     "Man in a suit and tie posing for a picture."),
    ("there is an arafed dog that is laying on the floor", "A dog that is laying on the floor."),
    ("an arafed elephant in a field", "An elephant in a field."),
    ("arafed image of a snowy mountain", "A snowy mountain."),
    ("araffes standing in a field with trees", "Standing in a field with trees."),
    ("yasser arafat shaking hands with a man", "Yasser arafat shaking hands with a man."),
    ("there is a picture of a picture of a house on the wall", "A house on the wall."),
    # Florence-2
    ("</s><s>The image shows a blue Volkswagen Beetle parked in front of a yellow building with two"
     " brown doors. The car is parked on a cobblestone street, and there are trees behind it.</s>",
     "A blue Volkswagen Beetle parked in front of a yellow building with two brown doors. The car"
     " is parked on a cobblestone street, and there are trees behind it."),
    ("In this image we can see a car parked on the road. In the background there is a wall.",
     "A car parked on the road. In the background there is a wall."),
    ("In this image, there is a person standing on the floor. Here we can see a table.",
     "A person standing on the floor. A table."),
    ("The image is a black and white photo of a city street. There are cars on both sides. The sky"
     " is cloudy.", "A black and white photo of a city street. Cars on both sides."),
    ("In the picture I can see the person standing and wearing a hat.",
     "The person standing and wearing a hat."),
    ("A car<loc_52><loc_332><loc_932><loc_774>", "A car."),
    ("This is an image of a map of Europe", "A map of Europe."),
    ("In this image I can see the cat which is in white color and I can see the blurred wall.",
     "The cat which is in white color and the blurred wall."),
    ("The image is of a red apple on a white plate.", "A red apple on a white plate."),
    # Chat models
    ("The image you've provided shows a red apple.", "A red apple."),
    ("Certainly, here is a description:\n\n> A lake between mountains.",
     "A lake between mountains."),
    ("The photo shows 1.5 litres of water in a jug. There is also a glass.",
     "1.5 litres of water in a jug. A glass."),
    ("You can see a church. No. 5 is written on its door.",
     "A church. No. 5 is written on its door."),
    ("A golden retriever is lying on a wooden floor, looking at the camera.<end_of_utterance>",
     "A golden retriever is lying on a wooden floor, looking at the camera."),
    ("Sure! Here is a description of the image: A red bus drives through London.",
     "A red bus drives through London."),
    ("Here's a one-sentence description for someone who cannot see it:\n\nTwo children build a"
     " sandcastle.", "Two children build a sandcastle."),
    ("**Image description:** A bar chart of sales by year.\n\n- The tallest bar is 2021.\n- It is"
     " blue.", "A bar chart of sales by year. The tallest bar is 2021."),
    ("This image depicts a bustling market. Vendors sell fruit. The sky is clear.",
     "A bustling market. Vendors sell fruit."),
    ("The image features a large, ornate clock.", "A large, ornate clock."),
    ("The image captures the inside of St. Paul's Cathedral in London. Dr. Smith stands left.",
     "The inside of St. Paul's Cathedral in London. Dr. Smith stands left."),
    ("<think>The user wants a caption.</think>A sign reads \"No entry.\"",
     "A sign reads \"No entry.\""),
    ("<think>The user wants a caption, so I should", ""),
    ("I'm sorry, but I cannot see the image.", ""),
    ("The photo was taken from above, and shows a harbour at dusk.",
     "The photo was taken from above, and shows a harbour at dusk."),
    ("\"A cat on a mat.\"", "A cat on a mat."),
    ("A cat.\u202e\x1b[31m It \x00sits.", "A cat. [31m It sits."),
    ("There is no text on the sign.", "There is no text on the sign."),
    ("一只狗坐在草地上。它在看球。天是蓝的。", "一只狗坐在草地上。 它在看球。"),
    ("", ""),
    ("  <pad><pad>  ", ""),
    (". . .", ""),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "said"), ROWS)
def test_what_a_model_writes_is_said_so(raw, said):
    assert tidy(raw) == said


CUT = [
    ("A man stands. He holds a red umb", "A man stands."),
    ("A man stands on a bridge over a river, holding a red umb",
     "A man stands on a bridge over a river."),
    ("a dog on a beach with a", "A dog on a beach."),
    ("A man stands. He waits.", "A man stands. He waits."),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "said"), CUT)
def test_cut_sentence_is_left_out(raw, said):
    """An unfinished sentence is left out."""
    assert tidy(raw, is_cut=True) == said


def test_long_sentence_ends_at_clause():
    """A sentence that is too long ends at a clause."""
    said = tidy("A room with " + ", ".join(f"a chair of the number {n}" for n in range(90)))
    assert len(said) <= 321
    assert said.endswith(".")
    assert said[:-1].split(", ")[-1].startswith("a chair of the number")


def test_long_second_is_left_out():
    """A second sentence that is too long is left out."""
    assert tidy("A dog. It is " + ", ".join(f"very {n}" for n in range(90)) + " big.") == "A dog."


def test_what_is_tidy_stays_as_it_is():
    for _, said in ROWS:
        assert tidy(said) == said


def test_huge_text_is_tidied():
    """A text of any length is tidied and shortened."""
    for piece in ("a ", "a dog and ", "in this image ", "<", "a b c d e f g "):
        assert len(tidy(piece * 4000)) <= 321
