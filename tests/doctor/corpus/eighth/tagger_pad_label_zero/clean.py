"""BiLSTM 으로 토큰마다 개체 태그(0=O, 1=사람, 2=장소)를 예측하는 작은 실습"""
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, Dataset

PAD_TOKEN = 0
PAD_TAG = -100
VOCAB, TAGS = 60, 3


def make_sentence(gen):
    n = int(torch.randint(4, 25, (1,), generator=gen))
    tokens = torch.randint(1, VOCAB, (n,), generator=gen)
    tags = torch.zeros(n, dtype=torch.long)
    # 1..4 는 호칭 -> 다음 토큰은 사람, 5..8 은 전치사 -> 다음 토큰은 장소
    prev = torch.cat([torch.tensor([VOCAB]), tokens[:-1]])
    tags[prev <= 4] = 1
    tags[(prev >= 5) & (prev <= 8)] = 2
    return tokens, tags


class Sentences(Dataset):
    def __init__(self, size, seed):
        gen = torch.Generator().manual_seed(seed)
        self.items = [make_sentence(gen) for _ in range(size)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    tokens, tags = zip(*batch)
    lengths = torch.tensor([len(t) for t in tokens])
    return (
        pad_sequence(tokens, batch_first=True, padding_value=PAD_TOKEN),
        pad_sequence(tags, batch_first=True, padding_value=PAD_TAG),
        lengths,
    )


class Tagger(nn.Module):
    def __init__(self, dim=24, hidden=24):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim, padding_idx=PAD_TOKEN)
        self.rnn = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, TAGS)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.emb(tokens), lengths, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(h)


torch.manual_seed(5)
train_loader = DataLoader(Sentences(400, seed=1), batch_size=40, shuffle=True, collate_fn=collate)
dev_loader = DataLoader(Sentences(120, seed=2), batch_size=40, collate_fn=collate)

model = Tagger()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)

for epoch in range(6):
    model.train()
    for tokens, tags, lengths in train_loader:
        optimizer.zero_grad()
        logits = model(tokens, lengths)
        loss = criterion(logits.reshape(-1, TAGS), tags.reshape(-1))
        loss.backward()
        optimizer.step()

    model.eval()
    found = total = 0
    with torch.no_grad():
        for tokens, tags, lengths in dev_loader:
            pred = model(tokens, lengths).argmax(-1)
            entity = tags > 0
            found += (pred[entity] == tags[entity]).sum().item()
            total += entity.sum().item()
    print(f"epoch {epoch}: 개체 토큰 재현율 {found / total:.3f}")
