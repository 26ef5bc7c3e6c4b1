import random
from dataclasses import dataclass

import torch
import torch.nn as nn

PAD = 0


@dataclass
class Config:
    vocab: int = 30
    max_len: int = 14
    dim: int = 32
    heads: int = 4
    epochs: int = 6
    lr: float = 2e-3
    seed: int = 7


def make_example(rng):
    # 레이블: 앞쪽 절반 단어(1~14)가 뒤쪽 단어보다 많으면 1
    length = rng.choice([3, 5, 7, 9, 11])
    words = [rng.randint(1, 29) for _ in range(length)]
    low = sum(w < 15 for w in words)
    return words, int(low > length - low)


def collate(examples, cfg):
    ids = torch.full((len(examples), cfg.max_len), PAD)
    for row, (words, _) in enumerate(examples):
        ids[row, :len(words)] = torch.tensor(words)
    return ids, torch.tensor([label for _, label in examples])


class SentenceClassifier(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.embed = nn.Embedding(cfg.vocab, cfg.dim, padding_idx=PAD)
        layer = nn.TransformerEncoderLayer(cfg.dim, cfg.heads, 64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.out = nn.Linear(cfg.dim, 2)

    def forward(self, ids):
        valid = ids != PAD
        h = self.encoder(self.embed(ids), src_key_padding_mask=valid)
        w = valid.unsqueeze(-1).float()
        return self.out((h * w).sum(1) / w.sum(1))


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    rng = random.Random(cfg.seed)
    train = [make_example(rng) for _ in range(600)]
    dev = [make_example(rng) for _ in range(200)]
    model = SentenceClassifier(cfg)
    optim = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        rng.shuffle(train)
        model.train()
        for i in range(0, len(train), 50):
            ids, y = collate(train[i:i + 50], cfg)
            optim.zero_grad()
            nn.functional.cross_entropy(model(ids), y).backward()
            optim.step()
        model.eval()
        with torch.no_grad():
            ids, y = collate(dev, cfg)
            acc = (model(ids).argmax(1) == y).float().mean().item()
        print(f"[{epoch}] dev acc {acc:.3f}")


if __name__ == "__main__":
    main()
