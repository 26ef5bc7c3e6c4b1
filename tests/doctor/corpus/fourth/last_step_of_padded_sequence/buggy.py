# 주사위 기록 분류: 길이가 서로 다른 시퀀스
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset


class DiceLogs(Dataset):
    """라벨: 6이 나온 횟수가 1이 나온 횟수보다 많은가"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.rows = []
        for _ in range(n):
            length = int(torch.randint(3, 16, (1,), generator=g))
            roll = torch.randint(1, 7, (length,), generator=g)
            self.rows.append((roll, float((roll == 6).sum() > (roll == 1).sum())))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(rows):
    rolls, labels = zip(*rows)
    lengths = torch.tensor([len(r) for r in rolls])
    return pad_sequence(rolls, batch_first=True), lengths, torch.tensor(labels)


class RollReader(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.emb = nn.Embedding(7, 12, padding_idx=0)
        self.lstm = nn.LSTM(12, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        output, (h_n, c_n) = self.lstm(packed)
        output, out_len = pad_packed_sequence(output, batch_first=True)
        last = output[:, -1]
        return self.fc(last).squeeze(1)


def run_epoch(model, loader, criterion, optimizer=None):
    model.train(optimizer is not None)
    loss_sum = correct = count = 0
    with torch.set_grad_enabled(optimizer is not None):
        for x, lengths, y in loader:
            logits = model(x, lengths)
            loss = criterion(logits, y)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(y)
            correct += ((logits > 0).float() == y).sum().item()
            count += len(y)
    return loss_sum / count, correct / count


if __name__ == '__main__':
    torch.manual_seed(10)
    train_loader = DataLoader(DiceLogs(1500, 1), batch_size=50, shuffle=True, collate_fn=collate)
    valid_loader = DataLoader(DiceLogs(400, 2), batch_size=100, collate_fn=collate)
    model = RollReader()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(5):
        tl, ta = run_epoch(model, train_loader, criterion, optimizer)
        vl, va = run_epoch(model, valid_loader, criterion)
        print(f'에폭 {epoch}: 학습 {tl:.3f}/{ta:.3f} 검증 {vl:.3f}/{va:.3f}')
