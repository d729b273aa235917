"""The files of a checkpoint, one for each of Tortoise's models; without torch."""

AUTOREGRESSIVE = "autoregressive.pth"
CLVP = "clvp2.pth"
DIFFUSION = "diffusion_decoder.pth"
VOCODER = "vocoder.pth"

FILES = (AUTOREGRESSIVE, CLVP, DIFFUSION, VOCODER)
