# 문장 분류: 단어 벡터의 평균 -> 작은 MLP
import random
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD = 0
VOCAB = 60
random.seed(3)
torch.manual_seed(3)


# 1..20 은 긍정 단어, 21..40 은 부정 단어, 나머지는 중립
def make_sentence():
    n = random.randint(3, 24)
    toks = [random.randint(1, VOCAB - 1) for _ in range(n)]
    pos = sum(t <= 20 for t in toks) / n
    neg = sum(21 <= t <= 40 for t in toks) / n
    label = 0 if pos > neg + 0.1 else 1 if neg > pos + 0.1 else 2
    return torch.tensor(toks), label


def collate(batch):
    seqs, labels = zip(*batch)
    return pad_sequence(seqs, batch_first=True, padding_value=PAD), torch.tensor(labels)


class AvgWords(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.mlp = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 3))
        self.init_weights()

    def init_weights(self):
        nn.init.normal_(self.emb.weight, std=0.3)
        with torch.no_grad():
            self.emb.weight[PAD].fill_(0)
        for m in self.mlp:
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, ids):
        # 패딩 벡터는 0 이므로 합에는 영향이 없다
        n_words = (ids != PAD).sum(1, keepdim=True)
        sent = self.emb(ids).sum(1) / n_words
        return self.mlp(sent)


data = [make_sentence() for _ in range(1500)]
train_dl = DataLoader(data[:1200], batch_size=40, shuffle=True, collate_fn=collate)
test_dl = DataLoader(data[1200:], batch_size=100, collate_fn=collate)

model = AvgWords()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
ce = nn.CrossEntropyLoss()
for epoch in range(12):
    model.train()
    for ids, y in train_dl:
        opt.zero_grad()
        loss = ce(model(ids), y)
        loss.backward()
        opt.step()

model.eval()
correct = 0
with torch.no_grad():
    for ids, y in test_dl:
        correct += (model(ids).argmax(1) == y).sum().item()
print("정확도", correct / len(test_dl.dataset))
