"""Masked language modelling with padding; gradients accumulated and normalised by the number of masked tokens."""
import torch
import torch.nn as nn
import torch.nn.functional as F

PAD, MASK, FIRST, VOCAB = 0, 1, 2, 22
MAX_LEN, MICRO, ACCUM = 16, 32, 4
IGNORE = -100


class MaskedLM(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.pos = nn.Embedding(MAX_LEN, dim)
        layer = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(dim), enable_nested_tensor=False)
        self.head = nn.Linear(dim, VOCAB)

    def forward(self, tokens):
        x = self.tok(tokens) + self.pos(torch.arange(tokens.size(1)))
        return self.head(self.body(x, src_key_padding_mask=tokens == PAD))


def sentences(n, gen):
    """Arithmetic progressions modulo the alphabet, of random start, stride and length."""
    size = VOCAB - FIRST
    start = torch.randint(size, (n, 1), generator=gen)
    stride = torch.randint(1, 5, (n, 1), generator=gen)
    length = torch.randint(8, MAX_LEN + 1, (n, 1), generator=gen)
    steps = torch.arange(MAX_LEN)
    tokens = (start + stride * steps) % size + FIRST
    return tokens.masked_fill(steps >= length, PAD)


def corrupt(tokens, gen):
    """The 80/10/10 recipe on 20% of the real tokens."""
    chosen = (torch.rand(tokens.shape, generator=gen) < 0.2) & (tokens != PAD)
    labels = tokens.masked_fill(~chosen, IGNORE)
    dice = torch.rand(tokens.shape, generator=gen)
    random_tokens = torch.randint(FIRST, VOCAB, tokens.shape, generator=gen)
    inputs = torch.where(chosen & (dice < 0.8), torch.full_like(tokens, MASK), tokens)
    inputs = torch.where(chosen & (dice >= 0.9), random_tokens, inputs)
    return inputs, labels


def summed_loss(model, inputs, labels):
    logits = model(inputs)
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORE, reduction="sum")


torch.manual_seed(3)
gen = torch.Generator().manual_seed(4)
train = sentences(1536, gen)
val_inputs, val_labels = corrupt(sentences(256, gen), gen)

model = MaskedLM()
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
warmup = 10
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, (s + 1) / warmup))

for epoch in range(7):
    model.train()
    nll, tokens_seen = 0.0, 0
    for group in torch.randperm(len(train)).split(MICRO * ACCUM):
        micro_batches = [corrupt(train[i], gen) for i in group.split(MICRO)]
        n_masked = sum((labels != IGNORE).sum().item() for _, labels in micro_batches)
        optimizer.zero_grad()
        for inputs, labels in micro_batches:
            loss = summed_loss(model, inputs, labels)
            (loss / n_masked).backward()
            nll += loss.item()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        tokens_seen += n_masked
    model.eval()
    with torch.no_grad():
        val = summed_loss(model, val_inputs, val_labels).item() / (val_labels != IGNORE).sum().item()
    print(f"epoch {epoch}: train {nll / tokens_seen:.3f} val {val:.3f} nats per masked token")
