"""The engines that speak or describe pictures; only a worker loads them."""
