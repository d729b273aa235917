"""The files of a Tortoise checkpoint."""

AUTOREGRESSIVE = "autoregressive.pth"
CLVP = "clvp2.pth"
DIFFUSION = "diffusion_decoder.pth"
VOCODER = "vocoder.pth"

FILES = (AUTOREGRESSIVE, CLVP, DIFFUSION, VOCODER)
