"""Transformer encoder on variable-length token sequences.

Task: decide which of three "topic" token groups occurs most often in the sequence.
"""
import copy
import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

PAD = 0


@dataclass
class Args:
    vocab: int = 31          # 0 is padding, 1..30 are tokens, ten per topic
    max_len: int = 24
    d_model: int = 32
    heads: int = 4
    layers: int = 2
    batch: int = 64
    epochs: int = 6
    lr: float = 2e-3
    warmup_frac: float = 0.1


class TopicData(Dataset):
    def __init__(self, n, args, seed):
        g = torch.Generator().manual_seed(seed)
        self.samples = []
        while len(self.samples) < n:
            length = int(torch.randint(6, args.max_len + 1, (1,), generator=g))
            seq = torch.randint(1, args.vocab, (length,), generator=g)
            counts = torch.bincount((seq - 1) // 10, minlength=3)
            top = counts.max()
            if (counts == top).sum() > 1:      # skip ties: the label would be ambiguous
                continue
            self.samples.append((seq, int(counts.argmax())))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


def pad_batch(batch):
    longest = max(len(s) for s, _ in batch)
    tokens = torch.full((len(batch), longest), PAD)
    for row, (seq, _) in enumerate(batch):
        tokens[row, : len(seq)] = seq
    return tokens, torch.tensor([y for _, y in batch])


class Encoder(nn.Module):
    def __init__(self, args, n_classes=3):
        super().__init__()
        self.emb = nn.Embedding(args.vocab, args.d_model, padding_idx=PAD)
        self.pos = nn.Embedding(args.max_len, args.d_model)
        layer = nn.TransformerEncoderLayer(
            args.d_model, args.heads, dim_feedforward=64, dropout=0.1, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, args.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(args.d_model)
        self.head = nn.Linear(args.d_model, n_classes)

    def forward(self, tokens):
        is_pad = tokens == PAD
        positions = torch.arange(tokens.size(1), device=tokens.device)
        h = self.emb(tokens) + self.pos(positions)
        h = self.norm(self.encoder(h, src_key_padding_mask=is_pad))
        keep = (~is_pad).unsqueeze(-1).to(h.dtype)
        pooled = (h * keep).sum(1) / keep.sum(1)
        return self.head(pooled)


def lr_lambda(step, total, warmup):
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, total - warmup)
    return 0.5 * (1 + math.cos(math.pi * progress))


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    loss = hits = n = 0
    for tokens, labels in loader:
        logits = model(tokens)
        loss += F.cross_entropy(logits, labels, reduction="sum").item()
        hits += (logits.argmax(-1) == labels).sum().item()
        n += len(labels)
    return loss / n, hits / n


def main(args):
    torch.manual_seed(0)
    train = DataLoader(TopicData(1200, args, 1), args.batch, shuffle=True, collate_fn=pad_batch)
    val = DataLoader(TopicData(300, args, 2), 128, collate_fn=pad_batch)
    test = DataLoader(TopicData(300, args, 3), 128, collate_fn=pad_batch)

    model = Encoder(args)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    total = args.epochs * len(train)
    warmup = int(args.warmup_frac * total)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: lr_lambda(s, total, warmup))

    best, best_state = float("inf"), None
    for epoch in range(args.epochs):
        model.train()
        for tokens, labels in train:
            loss = F.cross_entropy(model(tokens), labels)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
        val_loss, val_acc = evaluate(model, val)
        print(f"epoch {epoch}: val loss {val_loss:.3f} acc {val_acc:.3f}")
        if val_loss < best:
            best, best_state = val_loss, copy.deepcopy(model.state_dict())

    model.load_state_dict(best_state)
    print("test loss %.3f acc %.3f" % evaluate(model, test))


if __name__ == "__main__":
    main(Args())
