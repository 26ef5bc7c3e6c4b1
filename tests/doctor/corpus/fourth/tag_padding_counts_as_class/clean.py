import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

TAGS = ["O", "PER", "LOC"]
WORDS = 60      # ids 1..60, 0 fills up short sentences


class Sentences(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            length = int(torch.randint(3, 26, (1,), generator=g))
            words = torch.randint(1, WORDS + 1, (length,), generator=g)
            tags = torch.zeros(length, dtype=torch.long)
            tags[words % 5 == 0] = 1
            after_cue = torch.zeros(length, dtype=torch.bool)
            after_cue[1:] = words[:-1] <= 12
            tags[after_cue] = 2
            self.items.append((words, tags))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    words, tags = zip(*batch)
    lengths = torch.tensor([len(w) for w in words])
    words = pad_sequence(words, batch_first=True)
    tags = pad_sequence(tags, batch_first=True, padding_value=-100)
    return words, tags, lengths


class Tagger(nn.Module):
    def __init__(self, dim=24, hidden=24):
        super().__init__()
        self.emb = nn.Embedding(WORDS + 1, dim, padding_idx=0)
        self.rnn = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, len(TAGS))

    def forward(self, words, lengths):
        packed = pack_padded_sequence(self.emb(words), lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(states)


def run_epoch(model, loader, criterion, optimizer=None):
    model.train(optimizer is not None)
    right = total = 0
    with torch.set_grad_enabled(optimizer is not None):
        for words, tags, lengths in loader:
            logits = model(words, lengths)
            loss = criterion(logits.flatten(0, 1), tags.flatten())
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            known = tags != criterion.ignore_index
            right += (logits.argmax(-1) == tags)[known].sum().item()
            total += known.sum().item()
    return right / total


torch.manual_seed(17)
train_loader = DataLoader(Sentences(400, 1), batch_size=32, shuffle=True, collate_fn=collate)
dev_loader = DataLoader(Sentences(120, 2), batch_size=40, collate_fn=collate)
tagger = Tagger()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(tagger.parameters(), lr=4e-3)
for epoch in range(4):
    tr = run_epoch(tagger, train_loader, criterion, optimizer)
    dv = run_epoch(tagger, dev_loader, criterion)
    print(f"epoch {epoch}: train {tr:.3f} dev {dv:.3f}")
