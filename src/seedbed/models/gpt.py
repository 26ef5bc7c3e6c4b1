"""A small decoder-only transformer.

Shapes: B sample, T position, D width, H head, V vocabulary.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seedbed.errors import ConfigError, DataError
from seedbed.models.layers import check_dropout, check_positive


class GPT(nn.Module):
    """Token and position embeddings, pre-norm transformer blocks with causal attention, one logit a token.

    Inputs (B, T) token numbers of any integer type, T up to ``context``; outputs (B, T, V), at each position for the
    token after it. Radford et al., "Language models are unsupervised multitask learners", 2019; weights start as there:
    normal with standard deviation 0.02, those that write to the residual stream divided by sqrt(2 × layers).

    Args:
        vocab_size: Tokens, V.
        context: Longest sequence.
        num_layers: Blocks.
        num_heads: Attention heads, H; must divide ``d_model``.
        d_model: Width, D.
        dropout: Share of activations that are dropped in attention, after each half of a block and after embedding.
        bias: Whether linear layers and norms have biases.
        tie_weights: Use the token embedding as the output layer too, which has then no weights of its own
            (Press and Wolf 2017).
    """

    def __init__(
        self,
        *,
        vocab_size: int,
        context: int = 128,
        num_layers: int = 4,
        num_heads: int = 4,
        d_model: int = 128,
        dropout: float = 0.0,
        bias: bool = False,
        tie_weights: bool = True,
    ) -> None:
        super().__init__()
        check_positive("GPT", vocab_size=vocab_size, context=context, num_layers=num_layers, num_heads=num_heads)
        check_positive("GPT", d_model=d_model)
        check_dropout("GPT", dropout)
        if d_model % num_heads:
            raise ConfigError(f"GPT: d_model ({d_model}) must be a multiple of num_heads ({num_heads})")
        self.vocab_size, self.context = vocab_size, context
        self.tokens = nn.Embedding(vocab_size, d_model)
        self.positions = nn.Embedding(context, d_model)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(TransformerBlock(d_model, num_heads, dropout, bias) for _ in range(num_layers))
        self.norm = nn.LayerNorm(d_model, bias=bias)
        self.output = None if tie_weights else nn.Linear(d_model, vocab_size, bias=False)
        self._start_weights(num_layers)

    def _start_weights(self, num_layers: int) -> None:
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                writes = name.endswith(("attention_out.weight", "mlp_out.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * num_layers) if writes else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, ids: Tensor) -> Tensor:
        if ids.ndim != 2 or ids.is_floating_point():
            raise DataError(f"GPT takes token numbers (B, T), but got {tuple(ids.shape)} of {ids.dtype}")
        if ids.size(1) > self.context:
            raise DataError(f"GPT was made for a context of {self.context}, but a sequence has {ids.size(1)} tokens")
        positions_T = torch.arange(ids.size(1), device=ids.device)
        try:
            tokens_BTD = self.tokens(ids.int())
        except IndexError:  # only the CPU says so
            wrong = int(ids[(ids < 0) | (ids >= self.vocab_size)][0])
            raise DataError(f"GPT has a vocabulary of {self.vocab_size}, but the inputs have token {wrong}") from None
        x_BTD = self.dropout(tokens_BTD + self.positions(positions_T))
        for block in self.blocks:
            x_BTD = block(x_BTD)
        x_BTD = self.norm(x_BTD)
        weight_VD = self.tokens.weight if self.output is None else self.output.weight
        return F.linear(x_BTD, weight_VD)

    @torch.no_grad()
    def generate(
        self,
        ids: Tensor,
        num_tokens: int,
        *,
        generator: torch.Generator,
        temperature: float = 1.0,
        top_k: int | None = None,
    ) -> Tensor:
        """Continue sequences, one sampled token after the other, in eval mode; the mode is put back.

        Args:
            ids: (B, T) token numbers to start from, T at least 1; only the last ``context`` are read.
            num_tokens: How many to add.
            generator: Where the random numbers come from, on the device of ``ids``.
            temperature: Divides the logits; 0 always takes the likeliest token.
            top_k: Sample only among the k likeliest.

        Returns:
            (B, T + num_tokens) int64.
        """
        if ids.ndim != 2 or ids.size(1) < 1:
            raise DataError(f"generate() continues token numbers (B, T) with T from 1, but got {tuple(ids.shape)}")
        if temperature < 0 or (top_k is not None and top_k < 1):
            raise ConfigError(
                f"generate(): temperature ({temperature}) must not be below 0, nor top_k ({top_k}) below 1"
            )
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            ids = ids.long()
            for _ in range(num_tokens):
                logits_BV = self(ids[:, -self.context :])[:, -1].float()
                ids = torch.cat([ids, sample(logits_BV, generator, temperature, top_k)], 1)
        finally:
            for module, training in modes:
                module.training = training
        return ids


def sample(logits_BV: Tensor, generator: torch.Generator, temperature: float, top_k: int | None) -> Tensor:
    """One token a row, (B, 1)."""
    if temperature == 0:
        return logits_BV.argmax(-1, keepdim=True)
    logits_BV = logits_BV / temperature
    if top_k is not None and top_k < logits_BV.size(-1):
        lowest = logits_BV.topk(top_k).values[:, -1:]
        logits_BV = logits_BV.masked_fill(logits_BV < lowest, -torch.inf)
    return torch.multinomial(logits_BV.softmax(-1), 1, generator=generator)


class TransformerBlock(nn.Module):
    """Causal self-attention, then a two-layer perceptron, each after a norm and added to its input.

    Inputs and outputs (B, T, D).
    """

    def __init__(self, d_model: int, num_heads: int, dropout: float, bias: bool) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attention_dropout = dropout
        self.attention_norm = nn.LayerNorm(d_model, bias=bias)
        self.attention_in = nn.Linear(d_model, 3 * d_model, bias=bias)
        self.attention_out = nn.Linear(d_model, d_model, bias=bias)
        self.mlp_norm = nn.LayerNorm(d_model, bias=bias)
        self.mlp_in = nn.Linear(d_model, 4 * d_model, bias=bias)
        self.mlp_out = nn.Linear(4 * d_model, d_model, bias=bias)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BTD: Tensor) -> Tensor:
        num_samples, length, width = x_BTD.shape
        heads_BT3HC = self.attention_in(self.attention_norm(x_BTD)).view(num_samples, length, 3, self.num_heads, -1)
        q_BHTC, k_BHTC, v_BHTC = heads_BT3HC.permute(2, 0, 3, 1, 4)
        dropout = self.attention_dropout if self.training else 0.0
        read_BHTC = F.scaled_dot_product_attention(q_BHTC, k_BHTC, v_BHTC, dropout_p=dropout, is_causal=True)
        read_BTD = read_BHTC.transpose(1, 2).reshape(num_samples, length, width)
        x_BTD = x_BTD + self.dropout(self.attention_out(read_BTD))
        thought_BTD = self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(x_BTD))))
        y_BTD: Tensor = x_BTD + self.dropout(thought_BTD)
        return y_BTD
