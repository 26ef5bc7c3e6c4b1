"""유방암 데이터 이진 분류 - Trainer 클래스 방식"""
import copy
from collections import defaultdict

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class 조기종료:
    """검증 손실이 patience 번 동안 좋아지지 않으면 멈춘다. 가장 좋은 가중치는 복사해 둔다."""

    def __init__(self, patience=6, min_delta=1e-4):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.count, self.state = np.inf, 0, None

    def update(self, value, model):
        if value < self.best - self.min_delta:
            self.best, self.count = value, 0
            # state_dict 는 참조이므로 반드시 깊은 복사
            self.state = copy.deepcopy(model.state_dict())
        else:
            self.count += 1
        return self.count >= self.patience


class Trainer:
    def __init__(self, model, optimizer, criterion, device="cpu", max_norm=1.0):
        self.model = model
        self.optimizer = optimizer
        self.criterion = criterion          # reduction="sum"
        self.device = device
        self.max_norm = max_norm
        self.history = defaultdict(list)

    def _run(self, loader, train):
        # 학습과 검증이 같은 함수를 쓴다. train 값에 따라 모드와 그래디언트가 바뀐다.
        self.model.train(train)
        total, correct, n = 0.0, 0, 0
        with torch.set_grad_enabled(train):
            for x, y in loader:
                x, y = x.to(self.device), y.to(self.device)
                logit = self.model(x).squeeze(1)      # (N,1) -> (N,)
                loss = self.criterion(logit, y)
                if train:
                    (loss / len(y)).backward()        # 배치 평균의 그래디언트
                    nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
                    self.optimizer.step()
                    self.optimizer.zero_grad()        # step 뒤에 비워도 순서는 맞다
                total += loss.item()
                correct += ((logit > 0).float() == y).sum().item()   # 로짓 0 == 확률 0.5
                n += len(y)
        return total / n, correct / n

    def fit(self, train_loader, val_loader, epochs):
        stopper = 조기종료()
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(self.optimizer, factor=0.5, patience=2)
        for epoch in range(epochs):
            tr_loss, tr_acc = self._run(train_loader, True)
            va_loss, va_acc = self._run(val_loader, False)
            scheduler.step(va_loss)
            for k, v in dict(tr_loss=tr_loss, tr_acc=tr_acc, va_loss=va_loss, va_acc=va_acc).items():
                self.history[k].append(v)
            print(f"[{epoch:02d}] 학습 {tr_loss:.4f}/{tr_acc:.3f}  검증 {va_loss:.4f}/{va_acc:.3f}")
            if stopper.update(va_loss, self.model):
                print("조기 종료")
                break
        self.model.load_state_dict(stopper.state)

    def test(self, loader):
        return self._run(loader, False)


def 데이터():
    x, y = load_breast_cancer(return_X_y=True)
    x_tr, x_te, y_tr, y_te = train_test_split(x, y, test_size=0.2, stratify=y, random_state=7)
    x_tr, x_va, y_tr, y_va = train_test_split(x_tr, y_tr, test_size=0.2, stratify=y_tr, random_state=7)
    scaler = StandardScaler().fit(x_tr)      # 학습 데이터로만 맞춘다
    def tds(a, b):
        return TensorDataset(torch.tensor(scaler.transform(a)).float(), torch.tensor(b).float())
    return tds(x_tr, y_tr), tds(x_va, y_va), tds(x_te, y_te)


def main():
    torch.manual_seed(7)
    tr, va, te = 데이터()
    model = nn.Sequential(nn.Linear(30, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 1))
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-2)
    trainer = Trainer(model, opt, nn.BCEWithLogitsLoss(reduction="sum"))
    # 학습에서만 남는 작은 배치를 버린다(배치 정규화 때문). 매 에폭 섞으므로 모든 표본이 쓰인다. 검증은 전부 쓴다.
    trainer.fit(DataLoader(tr, 32, shuffle=True, drop_last=True), DataLoader(va, 128), epochs=40)
    loss, acc = trainer.test(DataLoader(te, 128))
    print(f"시험 손실 {loss:.4f} 정확도 {acc:.3f} (최고 검증 손실 {min(trainer.history['va_loss']):.4f})")


if __name__ == "__main__":
    main()
