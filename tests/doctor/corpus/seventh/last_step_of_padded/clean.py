import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, DataLoader

# HW3: 문장 감성 분류 (RNN)
VOCAB = 40
PAD = 0
POS, NEG = 5, 6


class Sentences(Dataset):
    """길이가 서로 다른 토큰 문장. 끝부분의 감성 단어 중 마지막 것이 정답을 정한다."""

    def __init__(self, n, seed):
        rng = random.Random(seed)
        self.items = []
        for _ in range(n):
            length = rng.randint(5, 36)
            toks = [rng.randint(7, VOCAB - 1) for _ in range(length)]
            for p in rng.sample(range(length - 5, length), 2):
                toks[p] = rng.choice([POS, NEG])
            last = [t for t in toks if t in (POS, NEG)][-1]
            self.items.append((torch.tensor(toks), int(last == POS)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True, padding_value=PAD), lengths, torch.tensor(labels)


class Sentiment(nn.Module):
    def __init__(self, dim=24, hidden=32):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.rnn = nn.RNN(dim, hidden, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, tokens, lengths):
        out, _ = self.rnn(self.emb(tokens))
        rows = torch.arange(tokens.size(0), device=tokens.device)
        last = out[rows, lengths - 1]
        return self.fc(self.drop(last))


def run_epoch(model, loader, optimizer=None):
    model.train(optimizer is not None)
    correct, seen = 0, 0
    with torch.set_grad_enabled(optimizer is not None):
        for tokens, lengths, labels in loader:
            logits = model(tokens, lengths)
            if optimizer is not None:
                loss = nn.functional.cross_entropy(logits, labels)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            correct += (logits.argmax(dim=1) == labels).sum().item()
            seen += labels.size(0)
    return correct / seen


torch.manual_seed(3)
train_loader = DataLoader(Sentences(800, 1), batch_size=50, shuffle=True, collate_fn=collate)
test_loader = DataLoader(Sentences(300, 2), batch_size=100, collate_fn=collate)
model = Sentiment()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(3):
    tr = run_epoch(model, train_loader, optimizer)
    te = run_epoch(model, test_loader)
    print(f"에폭 {epoch}: train {tr:.3f} test {te:.3f}")
