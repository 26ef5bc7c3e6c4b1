import random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

# 데이터: 길이가 서로 다른 클릭 기록, 마지막 클릭의 종류가 구매 여부를 정한다
random.seed(5)
torch.manual_seed(5)


def make_session():
    n = random.randint(3, 80)
    clicks = [random.randint(1, 9) for _ in range(n)]
    bought = int(clicks[-1] >= 6 or (clicks[-2] == 2 and clicks[-1] == 3))
    return torch.tensor(clicks), bought


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True, padding_value=0), lengths, torch.tensor(labels)


class SessionLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(10, 12, padding_idx=0)
        self.lstm = nn.LSTM(12, 24, batch_first=True)
        self.fc = nn.Linear(24, 2)

    def forward(self, ids, lengths):
        out, _ = self.lstm(self.emb(ids))
        last = out[:, -1]
        return self.fc(last)


sessions = [make_session() for _ in range(900)]
train_loader = DataLoader(sessions[:700], batch_size=50, shuffle=True, collate_fn=collate)
test_loader = DataLoader(sessions[700:], batch_size=100, collate_fn=collate)

model = SessionLSTM()
optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)

for epoch in range(4):
    model.train()
    for ids, lengths, labels in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(ids, lengths), labels)
        loss.backward()
        optimizer.step()

model.eval()
correct = 0
with torch.no_grad():
    for ids, lengths, labels in test_loader:
        correct += (model(ids, lengths).argmax(1) == labels).sum().item()
print("테스트 정확도:", correct / 200)
