from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

TAGS = ("sports", "politics", "money", "travel", "food")


class TaggedNotes(Dataset):
    """Bags of word ids; each active tag contributes words of its own range."""

    def __init__(self, n: int, seed: int, words_per_tag: int = 30, noise_words: int = 60) -> None:
        g = torch.Generator().manual_seed(seed)
        self.vocab = noise_words + words_per_tag * len(TAGS)
        self.tags = (torch.rand(n, len(TAGS), generator=g) < torch.tensor([0.5, 0.3, 0.3, 0.2, 0.15])).float()
        self.notes: list[Tensor] = []
        for row in self.tags:
            parts = [torch.randint(0, noise_words, (12,), generator=g)]
            for k in row.nonzero().flatten().tolist():
                count = int(torch.randint(1, 4, (1,), generator=g))
                low = noise_words + k * words_per_tag
                parts.append(torch.randint(low, low + words_per_tag, (count,), generator=g))
            self.notes.append(torch.cat(parts))

    def __len__(self) -> int:
        return len(self.notes)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        return self.notes[i], self.tags[i]


def collate(batch: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    notes, tags = zip(*batch)
    lengths = torch.tensor([0] + [len(x) for x in notes[:-1]])
    return torch.cat(notes), lengths.cumsum(0), torch.stack(tags)


class Tagger(nn.Module):
    def __init__(self, vocab: int, dim: int = 24) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(vocab, dim, mode="sum")
        self.out = nn.Linear(dim, len(TAGS))

    def forward(self, flat: Tensor, offsets: Tensor) -> Tensor:
        return self.out(self.bag(flat, offsets))

    @torch.no_grad()
    def predict(self, flat: Tensor, offsets: Tensor, threshold: float = 0.5) -> Tensor:
        scores = self(flat, offsets).sigmoid()
        return scores > threshold


def micro_f1(model: Tagger, loader: DataLoader) -> float:
    model.eval()
    tp = fp = fn = 0
    for flat, offsets, tags in loader:
        pred, true = model.predict(flat, offsets), tags.bool()
        tp += (pred & true).sum().item()
        fp += (pred & ~true).sum().item()
        fn += (~pred & true).sum().item()
    return 2 * tp / max(1, 2 * tp + fp + fn)


def main() -> None:
    torch.manual_seed(2)
    train_set, valid_set = TaggedNotes(1000, seed=1), TaggedNotes(400, seed=2)
    train_dl = DataLoader(train_set, batch_size=50, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(valid_set, batch_size=100, collate_fn=collate)
    model = Tagger(train_set.vocab)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(6):
        model.train()
        for flat, offsets, tags in train_dl:
            opt.zero_grad()
            loss = bce(model(flat, offsets), tags)
            loss.backward()
            opt.step()
        print(f"epoch {epoch}: micro-F1 {micro_f1(model, valid_dl):.3f}")


if __name__ == "__main__":
    main()
