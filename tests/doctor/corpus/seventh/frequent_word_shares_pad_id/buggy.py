"""Support desk: does the ticket report something broken?"""
import random
from collections import Counter
from typing import Dict, List, Tuple

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD, UNK = 0, 1
STOP = {"the", "is", "a", "my", "since"}

Ticket = Tuple[str, int]


def write_tickets(n: int, seed: int) -> List[Ticket]:
    rnd = random.Random(seed)
    things = ["printer", "router", "laptop", "phone", "screen", "scanner", "badge", "mail", "vpn"]
    states = ["working", "responding", "charging", "connecting", "syncing"]
    ends = ["monday", "tuesday", "update", "move", "office", "thanks", "please", "hello", "ticket"]
    tickets = []
    for _ in range(n):
        broken = rnd.random() < 0.5
        words = ["the" if rnd.random() < 0.5 else "my", rnd.choice(things), "is"]
        words += ["not"] * broken + [rnd.choice(states), "since"]
        words += rnd.sample(ends, rnd.randint(1, 5))
        tickets.append((" ".join(words), int(broken)))
    return tickets


def tokenize(text: str) -> List[str]:
    return [w for w in text.lower().split() if w not in STOP]


def build_vocab(tickets: List[Ticket], min_count: int = 2) -> Dict[str, int]:
    counts = Counter(w for text, _ in tickets for w in tokenize(text))
    kept = [w for w, c in counts.most_common() if c >= min_count]
    return {w: i for i, w in enumerate(kept)}


class Collate:
    def __init__(self, vocab: Dict[str, int]):
        self.vocab = vocab

    def __call__(self, batch: List[Ticket]) -> Tuple[torch.Tensor, torch.Tensor]:
        ids = [torch.tensor([self.vocab.get(w, UNK) for w in tokenize(text)]) for text, _ in batch]
        labels = torch.tensor([label for _, label in batch], dtype=torch.float32)
        return pad_sequence(ids, batch_first=True, padding_value=PAD), labels


class BagModel(nn.Module):
    def __init__(self, n_words: int, dim: int = 16):
        super().__init__()
        self.emb = nn.Embedding(n_words + 2, dim, padding_idx=PAD)
        self.head = nn.Sequential(nn.Linear(dim, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        real = (ids != PAD).unsqueeze(-1)
        mean = (self.emb(ids) * real).sum(1) / real.sum(1).clamp(min=1)
        return self.head(mean).squeeze(-1)


def main() -> None:
    torch.manual_seed(2)
    train, test = write_tickets(800, seed=1), write_tickets(300, seed=2)
    vocab = build_vocab(train)
    collate = Collate(vocab)
    train_loader = DataLoader(train, batch_size=32, shuffle=True, collate_fn=collate)
    test_loader = DataLoader(test, batch_size=100, collate_fn=collate)

    model = BagModel(len(vocab))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(8):
        model.train()
        for ids, y in train_loader:
            optimizer.zero_grad()
            criterion(model(ids), y).backward()
            optimizer.step()

        model.eval()
        with torch.no_grad():
            right = sum(((model(ids) > 0).float() == y).sum().item() for ids, y in test_loader)
        print(f"epoch {epoch + 1}: test accuracy {right / len(test):.3f}")


if __name__ == "__main__":
    main()
